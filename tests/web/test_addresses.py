"""What a browser waits for is not cleared away by a run of the page that begins."""

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue

from dictation.web.addresses import keep_answers


@pytest.fixture
def queue(monkeypatch):
    monkeypatch.setattr(ForwardMsgQueue, "clear", ForwardMsgQueue.clear)  # and back afterwards
    keep_answers()
    queue = ForwardMsgQueue()
    drawn, answer, finished = ForwardMsg(), ForwardMsg(), ForwardMsg()
    drawn.delta.new_element.text.body = "drawn by the last run"
    answer.file_urls_response.response_id = "asked"
    finished.script_finished = ForwardMsg.FINISHED_SUCCESSFULLY
    for message in (drawn, answer, finished):
        queue.enqueue(message)
    return queue


def types(messages):
    return [message.WhichOneof("type") for message in messages]


@pytest.mark.parametrize("fragments", [None, ["fragment"]])
def test_a_run_that_begins_leaves_the_answer_to_an_upload_to_be_sent_once(queue, fragments):
    queue.clear(retain_lifecycle_msgs=True, fragment_ids_this_run=fragments)
    queue.clear(retain_lifecycle_msgs=True, fragment_ids_this_run=fragments)
    assert types(queue.flush())[-2:] == ["script_finished", "file_urls_response"]
    assert queue.flush() == []


def test_all_else_is_as_streamlit_has_it(queue):
    queue.clear(retain_lifecycle_msgs=True)
    assert "delta" not in types(queue.flush())
