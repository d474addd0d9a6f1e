"""Report -> text, HTML and CSV. A leaf: it knows the nouns of `graders.report` and nothing about grading."""
