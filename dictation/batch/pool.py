"""Files in several processes at once, each with a model of its own."""

import signal
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from dictation.batch.work import Failed, Finished, Message, Recipe, Task, prepared_recognizer, work
from dictation.errors import DictationError

# A process that is forked after torch has started its threads may hang.
_PROCESSES = get_context("spawn")


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    connection: Connection
    task: Task


def work_together(tasks: Sequence[Task], recipe: Recipe, jobs: int) -> Iterator[Message]:
    """Work on the tasks in so many processes; what they tell comes as it happens.

    A process that dies fails its own file only. Closing the iterator ends all of them.
    """
    waiting = deque(tasks)
    workers: dict[Connection, _Worker] = {}
    try:
        while waiting and len(workers) < jobs:
            worker = _started(recipe, waiting.popleft())
            workers[worker.connection] = worker
        while workers:
            for connection in wait(list(workers)):
                assert isinstance(connection, Connection)
                worker = workers[connection]
                message = _received(worker)
                yield message
                if not isinstance(message, Finished | Failed):
                    continue
                if worker.process.is_alive() and waiting:
                    worker.task = waiting.popleft()
                    connection.send(worker.task)
                    continue
                _end(workers.pop(connection))
                if waiting:
                    worker = _started(recipe, waiting.popleft())
                    workers[worker.connection] = worker
    finally:
        for worker in workers.values():
            _end(worker)


def _started(recipe: Recipe, task: Task) -> _Worker:
    ours, theirs = _PROCESSES.Pipe()
    process = _PROCESSES.Process(target=_serve, args=(theirs, recipe), daemon=True)
    process.start()
    theirs.close()
    ours.send(task)
    return _Worker(process, ours, task)


def _received(worker: _Worker) -> Message:
    try:
        message: Message = worker.connection.recv()
    except (EOFError, ConnectionResetError):
        worker.process.join()
        return Failed(
            worker.task,
            f"{worker.task.name}: its process ended (exit status {worker.process.exitcode}); "
            "where memory is short, fewer --jobs help",
        )
    return message


def _end(worker: _Worker) -> None:
    worker.process.terminate()
    worker.process.join()
    worker.connection.close()


def _serve(connection: Connection, recipe: Recipe) -> None:
    # Ctrl+C reaches every process of the terminal; the first one ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        task: Task = connection.recv()
        try:
            recognizer = prepared_recognizer(recipe)
        except DictationError as error:
            connection.send(Failed(task, str(error), fatal=True))
            return
        while True:
            for message in work(task, recipe, recognizer):
                connection.send(message)
            task = connection.recv()
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
