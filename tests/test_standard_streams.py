"""Log records of whomever: without secrets and control characters, with any handler."""

import io
import logging
import subprocess
import sys
import warnings
from collections.abc import Iterator

import pytest
from kedro.logging import RichHandler
from rich.console import Console

from synthetic_textcat.redaction import add_secret
from synthetic_textcat.standard_streams import SafeLogRecord

_SECRET = "log-secret-with-2-numbers-99"


@pytest.fixture(autouse=True)
def _records() -> Iterator[None]:
    add_secret(_SECRET)
    before = logging.getLogRecordFactory()
    logging.setLogRecordFactory(SafeLogRecord)
    yield
    logging.setLogRecordFactory(before)


@pytest.fixture
def heard() -> Iterator[io.StringIO]:
    """What a plain handler of the root writes."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    yield stream
    root.removeHandler(handler)


def test_messages_and_arguments_are_redacted(heard: io.StringIO) -> None:
    logging.getLogger("a.library").warning("headers %s", {"X-Key": _SECRET, "raw": _SECRET.encode()})
    logging.getLogger("a.library").warning(f"plain {_SECRET}")  # noqa: G004
    assert heard.getvalue() == (
        "WARNING a.library headers {'X-Key': '***', 'raw': b'***'}\nWARNING a.library plain ***\n"
    )


def test_tracebacks_are_redacted(heard: io.StringIO) -> None:
    try:
        int(f"{_SECRET}\x1b[2J")
    except ValueError:
        logging.getLogger("a.library").exception("failed")
    assert "ValueError: invalid literal for int() with base 10: '***" in heard.getvalue()
    assert _SECRET not in heard.getvalue()


def test_further_lines_do_not_pass_for_records(heard: io.StringIO) -> None:
    logging.getLogger("a.library").warning("body: %s", "x\nINFO synthetic_textcat forged")
    logging.getLogger("synthetic_textcat.llm").warning("body: %s", "x\nINFO forged")
    assert heard.getvalue() == (
        "WARNING a.library body: x\n    INFO synthetic_textcat forged\n"
        "WARNING synthetic_textcat.llm body: x INFO forged\n"
    )


def test_a_wrong_format_shows_no_arguments_unredacted(heard: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("a.library").warning("%d rows", _SECRET)
    assert heard.getvalue() == "WARNING a.library %d rows ('***',)\n"
    assert _SECRET not in capsys.readouterr().err


def test_warnings_are_redacted(heard: io.StringIO) -> None:
    with warnings.catch_warnings():
        logging.captureWarnings(False)  # whatever an earlier test has left
        logging.captureWarnings(True)
        warnings.simplefilter("always")
        warnings.warn(f"wrong: {_SECRET}", UserWarning, stacklevel=1)
        logging.captureWarnings(False)
    assert "UserWarning: wrong: ***" in heard.getvalue()


def test_kedros_handler_shows_no_local_variables_and_takes_no_text_for_markup() -> None:
    stream = io.StringIO()
    handler = RichHandler(console=Console(file=stream, width=200), rich_tracebacks=True, tracebacks_show_locals=True)
    logger = logging.getLogger("a.library")
    logger.addHandler(handler)
    try:
        secret_in_a_local = _SECRET
        int(secret_in_a_local[:3])
    except ValueError:
        logger.exception("label [refund] and [/b]")
    finally:
        logger.removeHandler(handler)
        logging.captureWarnings(False)
    said = stream.getvalue()
    assert "[refund] and [/b]" in said
    assert "int(secret_in_a_local[:3])" in said
    assert "log-secret" not in said


def test_an_error_that_nobody_catches_and_what_is_printed_are_redacted() -> None:
    code = (
        "import os, threading; os.environ['A_TOKEN'] = 'streamed-secret-1'\n"
        "from synthetic_textcat.standard_streams import redact_logs\n"
        "from synthetic_textcat.standard_streams import redact_streams\n"
        "redact_logs(); redact_streams(); redact_streams()\n"
        "import click, sys; print('print streamed-secret-1', flush=True); click.echo('echo streamed-secret-1')\n"
        "sys.stdout.writelines(['lines streamed-secret-1\\x1b[0m \\x07 \\x9b\\n'])\n"
        "t = threading.Thread(target=lambda: 1 / len(os.environ['A_TOKEN'][:0])); t.start(); t.join()\n"
        "raise KeyError('streamed-secret-1')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == "print ***\necho ***\nlines ***\x1b[0m \ufffd \ufffd\n"
    assert "ZeroDivisionError" in done.stderr
    assert "KeyError: '***'" in done.stderr
    assert "streamed-secret" not in done.stderr


def test_a_record_that_comes_from_another_process_is_taken() -> None:
    record = logging.makeLogRecord({"name": "a.library", "msg": "%s rows", "args": (3,), "levelno": 20})
    assert record.getMessage() == "3 rows"
