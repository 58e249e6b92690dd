"""Logs: one JSON object a line on stderr. No token, name or amount is ever logged."""

import logging
import sys

import structlog
from structlog.tracebacks import ExceptionDictTransformer


def configure() -> None:
    """Set up logging for a process. Called once by the command line."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # Without the values of local names, among which are tokens and names of people.
            structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    for noisy in ("apscheduler", "fontTools", "xhtml2pdf", "pyhanko"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
