"""The untrusted side: this folder is all of ours that enters the box.

The judge and the worker share no objects. They exchange messages over two pipes, each message one
value in the format of `wire` (length-prefixed frame, JSON header, raw tensor bytes; never pickle).
The judge speaks first; each request gets exactly one reply, or the worker is killed.

Request 1, once for each worker: load the submission's text.

    {"op": "load",
     "exercise": "nf4_quantization",            the exercise, which is also the module's name
     "defines": ["quantize_nf4", ...],          names that the exercise needs
     "folder": "lora_theory",                   the assignment, under whose name its modules may be imported too
     "mode": "whole" | "definitions",           run files whole, or only their definitions
     "placeholders": ["pandas", ...],           hidden packages that become placeholders (mode "whole")
     "files": {"nf4_quantization.py": b"..."},  every .py file that was handed in, but `lab.py`
     "notebook": b"..." | None,                 the notebook's bytes (always loaded by its definitions)
     "exercise_files": {"lora_with_bias": [...], ...}   every exercise's id and names
     "stubs": {"nf4_quantization": "..."},      the stubs as handed out
     "given": "...",                            the text of `lab.py`
     "forbidden": ["graders", "lora_reference", "reference_solutions"]}

    reply {"found": {"quantize_nf4": {"state": "attempt" | "stub" | "missing",
                                      "where": "file" | "notebook" | ""}},
           "notes": ["..."]}                    what was skipped, for the student
       or {"raised": RAISED, "notes": [...]}

Stubs and the given code may also be bytes; text of any length travels whole from the judge.

Request 2, any number: let one probe look at what was defined. Probes live in `probes/<exercise>.py`, a
public function for each: `def quantize(module, arguments, seen)`. `module.quantize_nf4` is the student's,
`module.given` the lab's module, `module.watched` what the probes' `watch(lab)` returned, if they have one: it
is called with the lab's module before the submission is loaded, and may let it note what happens to it. `seen` is a dict to fill; `seen.at("forward")` names the step.

    {"op": "probe", "probe": "quantize", "arguments": {...}, "seed": 17}

    reply {"seen": {..., "warnings": [["UserWarning", "..."], ...]}, "raised": RAISED | None}
                                                what was seen up to the exception, if there was one

RAISED is {"type": "ValueError", "message": "...", "step": "forward", "frames": [[line, "code"], ...],
           "places": ["nf4_quantization.py" | "code cell 3", ...],
           "missing_package": "pandas" | "", "forbidden_package": "lora_reference" | ""}.
Frames are those in the student's own text only, the innermost last; lines count from 1 in their place.
Every reply also has "tried": a list of what the submission was seen to try, in the words of `tried`.
There is no field for a verdict: probes do and look, they never compare.
"""
