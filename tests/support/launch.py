"""Launchers of training, called in this process, which has imported what they need; what they start is as usual."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.support.server import ROOT


def torchrun(*arguments: object) -> int:
    """`torchrun ARGUMENTS` in the repository; its exit status."""
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.run import main

    with _shell():
        try:
            main([str(argument) for argument in arguments])
        except ChildFailedError:
            return 1
    return 0


def accelerate_launch(*arguments: object) -> int:
    """`accelerate launch ARGUMENTS` in the repository; its exit status."""
    from accelerate.commands.launch import launch_command, launch_command_parser

    with _shell():
        try:
            launch_command(launch_command_parser().parse_args([str(argument) for argument in arguments]))
        except SystemExit as ended:
            return int(ended.code or 0)
    return 0


def forked(main: Callable[[list[str]], int], *arguments: object) -> None:
    """Run a command in two processes that know of each other, as a launcher starts them, but forked, to import nothing.

    main: the command, which takes its arguments and returns its exit status.

    What `torchrun` itself does is tested where a document names it. Raises ProcessRaisedException if one of them fails.
    """
    from accelerate import debug_launcher

    with _shell():
        debug_launcher(_run, (main, [str(argument) for argument in arguments]), 2)


def _run(main: Callable[[list[str]], int], arguments: list[str]) -> None:
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state(reset_partial_state=True)  # what the process that was forked had found out
    if status := main(arguments):
        raise RuntimeError(f"ended with {status}")


@contextmanager
def _shell() -> Iterator[None]:
    """One thread, so that results do not depend on what else the machine does; what launchers change is put back."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        for name, value in (("OMP_NUM_THREADS", "1"), ("CUDA_VISIBLE_DEVICES", ""), ("PYTHONPATH", str(ROOT))):
            patch.setenv(name, value)
        try:
            yield
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
