"""The student's kit: records cases at release time, and the checker that is handed out with them."""
