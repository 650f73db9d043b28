"""One plain page for everything that went wrong, or that has come to its end."""

from __future__ import annotations

from starlette.responses import HTMLResponse

from smart_app.views.page import bare_frame
from smart_app.views.problems import ProblemView
from smart_app.views.rendering import render


def problem_text(problem: ProblemView, *, is_demo: bool) -> str:
    """Return the page's HTML."""
    return render("problem.html", page=bare_frame(problem.title, is_demo=is_demo), view=problem)


def problem_page(problem: ProblemView, status: int, *, is_demo: bool) -> HTMLResponse:
    """Return the page as an answer."""
    return HTMLResponse(problem_text(problem, is_demo=is_demo), status_code=status)
