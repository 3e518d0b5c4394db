"""The session: what follows from what, and what must never happen whatever the order of events."""

from collections import deque
from dataclasses import replace

import hypothesis.strategies as st
from hypothesis import given, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from dictation.actions import (
    Action,
    CancelListening,
    Choices,
    CloseMicrophone,
    Deliver,
    HideCaption,
    Keep,
    Notify,
    OpenMicrophone,
    PinTarget,
    Quit,
    SetStatus,
    ShowCaption,
    ShowChoices,
    StartListening,
    StopListening,
    UndoLast,
    UseLanguage,
    UseMicrophone,
)
from dictation.events import (
    BadLevel,
    Command,
    Delivered,
    DeliveryFailed,
    DeviceLost,
    DeviceReady,
    Event,
    FallingBehind,
    Final,
    HotkeyPressed,
    HotkeyReleased,
    HotkeySpoiled,
    ListeningEnded,
    ModelFailed,
    ModelMoved,
    ModelReady,
    PartFailed,
    Partial,
    Paused,
    Resumed,
    SetLanguage,
    SetMicrophone,
    SetMode,
    SetMuted,
    SpeechDropped,
    SpeechStarted,
    Timing,
)
from dictation.session import SessionSettings, State, step

TIMING = Timing(audio=1.0, endpoint_wait=0.6, first_partial=0.4, compute=0.1)
READY = State(model="ready")
TOGGLE = State(choices=Choices(mode="toggle"), model="ready")


def final(utterance: int, text: str = "你好") -> Final:
    return Final(utterance, text, "zh", TIMING, at=0.0)


def play(state: State, *events: Event, now: float = 0.0) -> tuple[State, list[Action]]:
    actions: list[Action] = []
    for event in events:
        state, more = step(state, event, now)
        actions.extend(more)
    return state, actions


def only(actions: list[Action], *kinds: type) -> list[Action]:
    return [action for action in actions if isinstance(action, kinds)]


def test_holding_the_key_listens_until_it_is_released():
    state, actions = play(READY, HotkeyPressed())
    assert actions == [
        PinTarget(1),
        StartListening(),
        ShowCaption("", None, "listening"),
        SetStatus("listening", None),
    ]
    state, actions = play(state, HotkeyReleased())
    assert actions == [
        StopListening(),
        ShowCaption("", None, "finishing"),
        SetStatus("finishing", None),
    ]
    state, actions = play(state, ListeningEnded(0.0))
    assert actions == [HideCaption(1.5), SetStatus("idle", None)]


def test_in_toggle_mode_each_press_changes_over_and_the_release_means_nothing():
    state, actions = play(TOGGLE, HotkeyPressed(), HotkeyReleased())
    assert state.listening
    state, actions = play(state, HotkeyPressed(), HotkeyReleased())
    assert only(actions, StopListening) == [StopListening()]
    assert not state.listening


def test_a_key_that_repeats_starts_only_once():
    _, actions = play(READY, HotkeyPressed(), HotkeyPressed(), HotkeyPressed())
    assert only(actions, StartListening) == [StartListening()]


def test_holding_the_key_takes_over_what_a_command_started():
    state, _ = play(READY, Command("start"), HotkeyReleased())
    assert state.listening
    state, _ = play(state, HotkeyPressed(), HotkeyReleased())
    assert not state.listening


def test_the_text_goes_to_the_window_that_had_the_focus_when_its_utterance_began():
    events = (Command("start"), SpeechStarted(1, 0.0), final(1, "一"), SpeechStarted(2, 0.0))
    _, actions = play(READY, *events, final(2, "二"), Delivered(1, "x11", 0.1))
    assert only(actions, PinTarget, Deliver) == [
        PinTarget(1),
        Deliver(1, "一", "zh", pin=1),
        PinTarget(2),
        Deliver(2, "二", "zh", pin=2),
    ]


def test_captions_follow_the_partials_and_end_with_the_final_text():
    _, actions = play(
        READY,
        HotkeyPressed(),
        SpeechStarted(1, 0.0),
        Partial(1, "", "你", None, 0.0),
        Partial(1, "你", "好", "zh", 0.0),
        HotkeyReleased(),
        final(1, "你好。"),
        ListeningEnded(0.0),
    )
    assert only(actions, ShowCaption, HideCaption) == [
        ShowCaption("", None, "listening"),
        ShowCaption("你", None, "partial", unstable="你"),
        ShowCaption("你好", "zh", "partial", unstable="好"),
        ShowCaption("你好", "zh", "finishing"),
        ShowCaption("你好。", "zh", "final"),
        HideCaption(1.5),
    ]


def test_the_tray_goes_through_every_stage():
    _, actions = play(
        State(),
        ModelReady("starter", 1.0),
        HotkeyPressed(),
        SpeechStarted(1, 0.0),
        HotkeyReleased(),
        final(1),
        ListeningEnded(0.0),
        Delivered(1, "x11", 0.1),
    )
    shown = [action.status for action in actions if isinstance(action, SetStatus)]
    assert shown == ["idle", "listening", "speaking", "finishing", "finishing", "idle"]


def test_speech_may_start_while_the_model_still_loads():
    state, actions = play(State(), HotkeyPressed())
    assert StartListening() in actions
    assert state.status == "listening"


def test_finals_queue_up_and_are_delivered_one_at_a_time_in_order():
    state, actions = play(READY, Command("start"), final(1), final(2), final(3))
    assert [deliver.utterance for deliver in only(actions, Deliver)] == [1]
    state, actions = play(state, Delivered(1, "x11", 0.1), Delivered(2, "x11", 0.1))
    assert [deliver.utterance for deliver in only(actions, Deliver)] == [2, 3]


def test_a_text_that_does_not_arrive_is_kept_and_the_user_is_told():
    _, actions = play(READY, Command("start"), final(1), DeliveryFailed(1, "window is gone"))
    assert Keep(1, "你好", "delivery_failed") in actions
    assert Notify("kept", "window is gone") in actions


def test_a_text_that_was_only_copied_asks_for_the_users_hand():
    _, actions = play(READY, Command("start"), final(1), Delivered(1, "clipboard", 0.1))
    assert only(actions, Notify) == [Notify("copied")]


def test_an_answer_about_another_utterance_changes_nothing():
    state, _ = play(READY, Command("start"), final(2))
    assert play(state, Delivered(1, "x11", 0.1), DeliveryFailed(1, "?")) == (state, [])


def test_cancel_drops_the_utterance_even_when_its_final_is_under_way():
    state, actions = play(
        READY,
        HotkeyPressed(),
        SpeechStarted(1, 0.0),
        Partial(1, "", "你", None, 0.0),
        HotkeyReleased(),
        Command("cancel"),
        final(1),
        ListeningEnded(0.0),
        ListeningEnded(0.0),
        now=9.0,
    )
    assert only(actions, Deliver, Keep, Notify) == []
    assert state.status == "idle"
    assert actions.index(HideCaption(0.0)) < len(actions) - 1


def test_a_spoken_command_is_carried_out_after_its_text_and_delivers_nothing_itself():
    command = replace(final(1, ""), raw="scratch that", command="undo")
    state, actions = play(READY, HotkeyPressed(), SpeechStarted(1, 0.0), command)
    assert only(actions, Deliver, UndoLast) == [UndoLast()]
    assert ShowCaption("scratch that", "zh", "final") in actions
    stop = replace(final(2, "好。"), command="stop")
    _, actions = play(state, SpeechStarted(2, 0.0), stop)
    assert [type(each) for each in only(actions, Deliver, StopListening)] == [
        Deliver,
        StopListening,
    ]


def test_a_cancelled_command_does_nothing():
    command = replace(final(1, ""), raw="scratch that", command="undo")
    cancelled, _ = play(READY, HotkeyPressed(), SpeechStarted(1, 0.0), Command("cancel"))
    assert step(cancelled, command, 0.0) == (cancelled, ())


def test_a_caption_of_a_cancelled_utterance_does_not_come_back():
    state, _ = play(READY, HotkeyPressed(), SpeechStarted(1, 0.0), Command("cancel"))
    _, actions = play(state, Partial(1, "", "你", None, 0.0))
    assert actions == []


def test_what_was_finished_before_a_cancel_is_still_delivered():
    state, _ = play(READY, Command("start"), final(1), final(2), SpeechStarted(3, 0.0))
    _, actions = play(state, Command("cancel"), final(3), Delivered(1, "x11", 0.1))
    assert [deliver.utterance for deliver in only(actions, Deliver)] == [2]


def test_a_new_start_after_a_cancel_is_not_touched_by_it():
    state, _ = play(READY, HotkeyPressed(), SpeechStarted(1, 0.0), Command("cancel"))
    state, actions = play(
        state, HotkeyPressed(), final(1), ListeningEnded(0.0), SpeechStarted(2, 0.0), final(2)
    )
    assert [deliver.utterance for deliver in only(actions, Deliver)] == [2]


def test_letting_go_after_the_text_came_leaves_it_in_the_caption():
    state, actions = play(READY, HotkeyPressed(), SpeechStarted(1, at=0.0), final(1))
    assert only(actions, ShowCaption)[-1].text == "你好"
    _, after = play(state, HotkeyReleased())
    assert only(after, ShowCaption) == []


def test_a_lost_microphone_finishes_what_was_heard_and_says_so():
    state, actions = play(READY, HotkeyPressed(), SpeechStarted(1, 0.0), DeviceLost("unplugged"))
    assert only(actions, StopListening, Notify) == [
        StopListening(),
        Notify("microphone_lost", "unplugged"),
    ]
    state, actions = play(state, final(1), Delivered(1, "x11", 0.1), ListeningEnded(0.0))
    assert [deliver.utterance for deliver in only(actions, Deliver)] == [1]
    assert state.status == "error"
    state, _ = play(state, DeviceReady("USB"))
    assert state.status == "idle"


def test_a_microphone_that_stays_lost_is_told_once_and_again_when_it_is_wanted():
    state, actions = play(READY, DeviceLost("none"), DeviceLost("none"))
    assert only(actions, Notify) == [Notify("microphone_lost", "none")]
    _, actions = play(state, HotkeyPressed(), DeviceLost("none"))
    assert only(actions, Notify) == [Notify("microphone_lost", "none")]


def test_an_utterance_the_model_fails_on_leaves_its_last_caption():
    _, actions = play(
        READY,
        Command("start"),
        SpeechStarted(1, 0.0),
        Partial(1, "你", "好", "zh", 0.0),
        SpeechDropped(1, "failed", 0.0, "out of memory"),
    )
    assert Keep(1, "你好", "recognition_failed") in actions
    assert Notify("recognition_failed", "out of memory") in actions


def test_listening_in_vain_for_a_while_is_told():
    state, _ = play(READY, HotkeyPressed(), now=0.0)
    _, actions = play(state, HotkeyReleased(), ListeningEnded(0.0), now=5.0)
    assert Notify("quiet") in actions
    state, _ = play(READY, HotkeyPressed(), now=0.0)
    _, actions = play(state, HotkeyReleased(), ListeningEnded(0.0), now=0.2)
    assert Notify("quiet") not in actions


def test_a_model_that_had_to_move_is_told_of_and_dictation_goes_on():
    state, actions = play(READY, HotkeyPressed(), ModelMoved("starter, cpu, fp32"))
    assert Notify("model_moved", "starter, cpu, fp32") in actions
    assert state.listening


def test_falling_behind_is_told_once_until_it_has_caught_up():
    _, actions = play(
        READY, FallingBehind(2.0), FallingBehind(3.0), FallingBehind(0.0), FallingBehind(2.5)
    )
    assert actions == [Notify("behind", "2.0"), Notify("behind", "2.5")]


def test_quit_finishes_what_is_open_first():
    state, actions = play(READY, HotkeyPressed(), SpeechStarted(1, 0.0), Command("quit"))
    assert only(actions, StopListening, Quit) == [StopListening()]
    state, actions = play(state, final(1), ListeningEnded(0.0))
    assert only(actions, Quit) == []
    state, actions = play(state, Delivered(1, "x11", 0.1))
    assert actions == [Quit(None)]


def test_quit_a_second_time_waits_for_nothing_and_keeps_what_has_not_arrived():
    state, _ = play(READY, Command("start"), final(1), final(2), Command("quit"))
    state, actions = play(state, Command("quit"))
    assert only(actions, Keep) == [Keep(1, "你好", "quitting"), Keep(2, "你好", "quitting")]
    assert actions[-1] == Quit(None)
    assert play(state, Delivered(1, "x11", 0.1), HotkeyPressed()) == (state, [])


def test_quit_a_second_time_keeps_the_caption_of_what_the_model_still_works_at():
    spoken = (Command("start"), SpeechStarted(1, 0.0), Partial(1, "hello", "", "en", 0.0))
    state, _ = play(READY, *spoken, Command("quit"))
    state, actions = play(state, Command("quit"))
    assert only(actions, Keep) == [Keep(1, "hello", "quitting")]
    assert state.ended


def test_when_a_part_has_died_the_texts_still_come_and_the_program_ends_with_an_error():
    state, _ = play(READY, Command("start"), SpeechStarted(1, 0.0), PartFailed("a part has died"))
    assert not state.ended
    state, actions = play(state, final(1), Delivered(1, "x11", 0.1), ListeningEnded(0.0))
    assert len(only(actions, Deliver)) == 1
    assert state.ended
    assert state.error == "a part has died"


def test_nothing_starts_while_quitting():
    state, _ = play(READY, Command("start"), Command("quit"))
    _, actions = play(state, HotkeyPressed(), Command("start"), Command("toggle"))
    assert set(actions) == {Notify("ending")}


def test_a_failed_model_ends_the_program_with_its_message_and_keeps_the_caption_text():
    _, actions = play(
        READY,
        Command("start"),
        SpeechStarted(4, 0.0),
        Partial(4, "", "hello", "en", 0.0),
        ModelFailed("model.safetensors is damaged"),
    )
    assert Keep(4, "hello", "recognition_failed") in actions
    assert actions[-1] == Quit("model.safetensors is damaged")


DOUBLE = State(choices=Choices(mode="double-tap"), model="ready")
HANDS_FREE = State(choices=Choices(mode="hands-free"))
BY_MODIFIER = SessionSettings(modifier_key=True)


def test_two_quick_taps_start_and_one_stops():
    state, actions = step(DOUBLE, HotkeyPressed(), 1.0)
    assert actions == ()
    state, actions = step(state, HotkeyPressed(), 1.3)
    assert StartListening() in actions
    state, actions = play(state, HotkeyReleased(), HotkeyPressed())
    assert only(actions, StartListening, StopListening) == [StopListening()]


def test_two_slow_taps_start_nothing():
    state, _ = step(DOUBLE, HotkeyPressed(), 1.0)
    state, actions = step(state, HotkeyPressed(), 1.5)
    assert actions == ()
    assert StartListening() in step(state, HotkeyPressed(), 1.8)[1]


def test_a_modifier_as_the_key_counts_when_it_comes_up_without_a_shortcut():
    state = replace(TOGGLE, settings=BY_MODIFIER)
    state, actions = play(state, HotkeyPressed(), HotkeySpoiled(), HotkeyReleased())
    assert actions == []
    state, actions = play(state, HotkeyPressed())
    assert actions == []
    state, actions = play(state, HotkeyReleased())
    assert StartListening() in actions


def test_a_held_modifier_that_serves_a_shortcut_takes_everything_back():
    _, actions = play(READY, HotkeyPressed(), HotkeySpoiled(), HotkeyReleased())
    assert only(actions, StartListening, StopListening, CancelListening) == [
        StartListening(),
        CancelListening(),
    ]
    assert HideCaption() in actions


def test_hands_free_listens_by_itself_from_the_moment_the_model_is_ready():
    state, actions = play(HANDS_FREE, ModelReady("m", 1.0))
    assert StartListening() in actions
    assert state.status == "listening"


def test_hands_free_the_key_pauses_and_goes_on():
    state, _ = play(HANDS_FREE, ModelReady("m", 1.0))
    state, actions = play(state, HotkeyPressed(), HotkeyReleased(), ListeningEnded(0.0))
    assert only(actions, StartListening, StopListening, Notify) == [StopListening()]
    assert state.status == "idle"
    state, actions = play(state, HotkeyPressed())
    assert StartListening() in actions


def test_hands_free_goes_on_after_a_cancel_a_lost_microphone_a_mute_and_a_locked_screen():
    state, _ = play(HANDS_FREE, ModelReady("m", 1.0))
    state, actions = play(state, SpeechStarted(1, 0.0), Command("cancel"))
    assert only(actions, CancelListening, StartListening) == [CancelListening(), StartListening()]
    breaks = [
        (DeviceLost("gone"), DeviceReady("mic")),
        (SetMuted("on"), SetMuted("off")),
        (Paused("locked"), Resumed("locked")),
    ]
    for begin, end in breaks:
        state, actions = play(state, begin)
        assert only(actions, StartListening, StopListening) == [StopListening()]
        state, actions = play(state, end)
        assert only(actions, StartListening, StopListening) == [StartListening()]


def test_hands_free_each_text_goes_where_the_focus_is_when_it_is_spoken():
    state, _ = play(HANDS_FREE, ModelReady("m", 1.0))
    _, actions = play(state, SpeechStarted(1, 0.0))
    assert only(actions, PinTarget) == [PinTarget(2)]


def test_the_cancel_key_is_left_to_others_while_there_is_nothing_to_cancel():
    assert not READY.cancellable
    state, _ = play(READY, HotkeyPressed())
    assert state.cancellable
    state, _ = play(state, Command("cancel"))
    assert not state.cancellable
    state, _ = play(HANDS_FREE, ModelReady("m", 1.0))
    assert not state.cancellable
    state, _ = play(state, SpeechStarted(1, 0.0))
    assert state.cancellable


def test_muted_the_microphone_is_closed_and_the_key_says_why_nothing_happens():
    state, actions = play(READY, HotkeyPressed(), SetMuted("toggle"))
    assert actions[-3:] == [
        CloseMicrophone(),
        ShowChoices(Choices(muted=True), ()),
        SetStatus("finishing", None),
    ]
    state, actions = play(state, ListeningEnded(0.0), HotkeyReleased(), HotkeyPressed())
    assert state.status == "muted"
    assert only(actions, StartListening, Notify) == [Notify("muted")]
    state, actions = play(state, SetMuted("on"), SetMuted("off"), SetMuted("off"))
    assert only(actions, OpenMicrophone, CloseMicrophone) == [OpenMicrophone()]


def test_muted_and_locked_the_microphone_opens_only_when_both_are_over():
    _, actions = play(READY, SetMuted("on"), Paused("locked"), SetMuted("off"), Resumed("locked"))
    assert only(actions, OpenMicrophone, CloseMicrophone) == [CloseMicrophone(), OpenMicrophone()]


def test_a_locked_screen_ends_listening_but_keeps_what_was_said():
    state, actions = play(READY, HotkeyPressed(), SpeechStarted(1, 0.0), Paused("locked"))
    assert only(actions, StopListening, CloseMicrophone) == [StopListening(), CloseMicrophone()]
    state, actions = play(state, final(1), HotkeyPressed())
    assert only(actions, Deliver, StartListening) == [Deliver(1, "你好", "zh", 1)]


def test_choices_are_carried_out_and_shown():
    _, actions = play(READY, SetLanguage("en"), SetMicrophone("USB"), SetLanguage("next"))
    assert actions == [
        UseLanguage("en"),
        ShowChoices(Choices(language="en"), ()),
        UseMicrophone("USB"),
        ShowChoices(Choices(language="en", microphone="USB"), ()),
        UseLanguage("auto"),
        ShowChoices(Choices(microphone="USB"), ()),
    ]


def test_a_bad_level_is_told_once_of_each_kind():
    faults = [BadLevel("low"), BadLevel("low"), BadLevel("clipped"), BadLevel("clipped")]
    _, actions = play(READY, *faults)
    assert actions == [Notify("too_soft"), Notify("too_loud")]


def test_another_mode_ends_listening_in_the_old_one():
    state, actions = play(TOGGLE, HotkeyPressed(), SetMode("hold"))
    assert StopListening() in actions
    assert state.choices.mode == "hold"


any_mode = st.sampled_from(["hold", "toggle", "double-tap", "hands-free"])
any_event = st.one_of(
    st.builds(HotkeyPressed),
    st.builds(HotkeyReleased),
    st.builds(HotkeySpoiled),
    st.builds(SetMode, any_mode),
    st.builds(SetMuted, st.sampled_from(["on", "off", "toggle"])),
    st.builds(Paused, st.sampled_from(["locked", "asleep"])),
    st.builds(Resumed, st.sampled_from(["locked", "asleep"])),
    st.builds(Command, st.sampled_from(["start", "stop", "toggle", "cancel"])),
    st.builds(SpeechStarted, st.integers(0, 9), st.just(0.0)),
    st.builds(
        Partial, st.integers(0, 9), st.text(max_size=3), st.just("…"), st.none(), st.just(0.0)
    ),
    st.builds(final, st.integers(0, 9)),
    st.builds(
        SpeechDropped,
        st.integers(0, 9),
        st.sampled_from(["cancelled", "no_words", "failed"]),
        st.just(0.0),
    ),
    st.builds(ListeningEnded, st.just(0.0)),
    st.builds(ModelReady, st.just("m"), st.just(0.0)),
    st.builds(ModelMoved, st.just("m")),
    st.builds(FallingBehind, st.sampled_from([0.0, 2.0])),
    st.builds(DeviceLost, st.just("gone")),
    st.builds(DeviceReady, st.just("mic")),
    st.builds(Delivered, st.integers(0, 9), st.just("x11"), st.just(0.0)),
    st.builds(DeliveryFailed, st.integers(0, 9), st.just("no")),
)


@given(
    st.lists(any_event, max_size=60),
    st.sampled_from(["hold", "toggle", "double-tap", "hands-free"]),
)
def test_no_order_of_events_confuses_listening_captions_or_delivery(events, mode):
    state = State(choices=Choices(mode=mode))
    listening = shown = False
    in_flight: Deliver | None = None
    for event in events:
        if isinstance(event, (Delivered, DeliveryFailed)) and in_flight is not None:
            in_flight = None if event.utterance == in_flight.utterance else in_flight
        state, actions = step(state, event, 0.0)
        for action in actions:
            match action:
                case StartListening():
                    assert not listening
                    listening = True
                case StopListening():
                    assert listening
                    listening = False
                case CancelListening():
                    listening = False
                case ShowCaption():
                    shown = True
                case HideCaption():
                    shown = False
                case Deliver():
                    assert in_flight is None
                    in_flight = action
                case Quit():
                    raise AssertionError("nobody asked to quit")
        assert listening == state.listening
        assert shown == state.caption
        assert not (state.listening and state.deaf)
        if not (state.listening or state.finishing):
            assert not shown


class Desk(RuleBasedStateMachine):
    """A user, a worker that answers late, and a delivery that may fail, around one session.

    Worker and session each read their mail when the rules let them: every interleaving can happen.
    """

    def __init__(self) -> None:
        super().__init__()
        self.state = State()
        self.to_worker: deque[Action] = deque()
        self.to_session: deque[Event] = deque()
        self.run_of_utterance: dict[int, int] = {}
        self.runs_started = 0
        self.cancelled_runs: set[int] = set()
        self.worker_run = 0
        self.worker_hears = False
        self.open: int | None = None
        self.owed: set[int] = set()
        self.in_flight: int | None = None
        self.arrived: list[int] = []
        self.kept: list[int] = []
        self.ended = False

    def tell(self, event: Event) -> None:
        if isinstance(event, Final):
            run = self.run_of_utterance[event.utterance]
            if run not in self.cancelled_runs and not self.ended:
                self.owed.add(event.utterance)
        self.state, actions = step(self.state, event, 0.0)
        for action in actions:
            self.obey(action)

    def obey(self, action: Action) -> None:
        match action:
            case StartListening():
                self.runs_started += 1
                self.to_worker.append(action)
            case StopListening():
                self.to_worker.append(action)
            case CancelListening():
                self.cancelled_runs.add(self.runs_started)
                self.to_worker.append(action)
            case Deliver(utterance):
                assert self.in_flight is None, "two deliveries at once"
                assert utterance in self.owed, "a text nobody is owed"
                self.in_flight = utterance
            case Keep(utterance, _, reason):
                if reason == "quitting":  # a caption too, of what the model still worked at
                    self.owed.add(utterance)
                self.kept.append(utterance)
                if self.in_flight == utterance:
                    self.in_flight = None
            case Quit():
                self.ended = True

    @rule(name=st.sampled_from(["start", "stop", "toggle", "cancel"]))
    def command(self, name):
        self.tell(Command(name))

    @rule()
    def press(self):
        self.tell(HotkeyPressed())

    @rule()
    def release(self):
        self.tell(HotkeyReleased())

    @rule()
    def lose_the_microphone(self):
        self.tell(DeviceLost("unplugged"))

    @rule()
    def quit(self):
        self.tell(Command("quit"))

    @precondition(lambda self: self.to_worker)
    @rule(heard=st.booleans())
    def worker_reads_its_mail(self, heard):
        match self.to_worker.popleft():
            case StartListening():
                self.worker_run += 1
                self.worker_hears = True
            case StopListening():
                if self.open is not None:
                    self.end_utterance(heard)
                self.worker_hears = False
                self.to_session.append(ListeningEnded(0.0))
            case CancelListening():
                if self.open is not None:
                    self.to_session.append(SpeechDropped(self.open, "cancelled", 0.0))
                self.open = None
                self.worker_hears = False
                self.to_session.append(ListeningEnded(0.0))

    @precondition(lambda self: self.worker_hears)
    @rule(heard=st.booleans())
    def worker_hears_something(self, heard):
        if self.open is None:
            self.open = len(self.run_of_utterance) + 1
            self.run_of_utterance[self.open] = self.worker_run
            self.to_session.append(SpeechStarted(self.open, 0.0))
        elif heard:
            self.to_session.append(Partial(self.open, "", "…", None, 0.0))
        else:
            self.end_utterance(True)

    def end_utterance(self, heard: bool) -> None:
        assert self.open is not None
        event = final(self.open) if heard else SpeechDropped(self.open, "no_words", 0.0)
        self.to_session.append(event)
        self.open = None

    @precondition(lambda self: self.to_session)
    @rule()
    def session_reads_its_mail(self):
        self.tell(self.to_session.popleft())

    @precondition(lambda self: self.in_flight is not None)
    @rule(arrives=st.booleans())
    def delivery_ends(self, arrives):
        utterance, self.in_flight = self.in_flight, None
        assert utterance is not None
        if arrives:
            self.arrived.append(utterance)
            self.tell(Delivered(utterance, "x11", 0.1))
        else:
            self.tell(DeliveryFailed(utterance, "refused"))

    @invariant()
    def each_text_arrives_or_is_kept_at_most_once(self):
        done = self.arrived + self.kept
        assert len(done) == len(set(done))
        assert set(done) <= self.owed

    @invariant()
    def nothing_is_lost(self):
        waiting = {each.utterance for each in self.state.waiting}
        under_way = {self.in_flight} - {None}
        assert self.owed == set(self.arrived) | set(self.kept) | waiting | under_way

    @invariant()
    def idle_shows_no_caption(self):
        if not (self.state.listening or self.state.finishing):
            assert not self.state.caption

    def teardown(self):
        """Left alone, everything comes to rest, and a quit comes to its end."""
        self.tell(Command("quit"))
        while self.to_worker or self.to_session or self.in_flight is not None:
            if self.to_worker:
                self.worker_reads_its_mail(heard=True)
            elif self.to_session:
                self.tell(self.to_session.popleft())
            else:
                self.delivery_ends(arrives=True)
        assert self.ended
        assert sorted(self.arrived + self.kept) == sorted(self.owed)


TestDesk = Desk.TestCase
TestDesk.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


def test_a_state_is_a_value():
    assert replace(READY) == READY
    assert len({READY, TOGGLE}) == 2
