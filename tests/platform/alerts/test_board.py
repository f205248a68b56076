"""When an alert fires, ends, and who is told of it, by the clock of the test."""

from dataclasses import replace

from streamstead.platform.alerts.board import QUIET_MS, Board, Change, Kind
from streamstead.platform.alerts.rules import RULES, Reading, Rule, changed

DOWN = replace(RULES["service_down"], for_s=10)
LOW, CRITICAL = RULES["disk_low"], RULES["disk_critical"]
BEGAN_MS = 1_700_000_000_000


class Watch:
    """A board and a clock."""

    def __init__(self, *rules: Rule) -> None:
        self.board = Board()
        self.rules = {rule.name: rule for rule in rules}
        self.at_s = 0.0

    def see(self, after_s: float, **seen: list[Reading] | None) -> list[tuple[Kind, str, bool]]:
        self.at_s += after_s
        found = self.board.update(
            seen, self.rules, BEGAN_MS + round(self.at_s * 1000), 500 + self.at_s
        )
        return [_short(one) for one in found]


def _short(change: Change) -> tuple[Kind, str, bool]:
    return change.kind, change.alert.id, change.tell


def down(*names: str) -> list[Reading]:
    return [Reading(name, {"service": name}) for name in names]


def free(percent: float) -> list[Reading]:
    return [Reading("/data", {"free_percent": percent}, percent)]


def test_a_cause_fires_only_after_it_has_lasted() -> None:
    watch = Watch(DOWN)
    assert watch.see(0, service_down=down("hooks")) == []
    assert [one.firing for one in watch.board.sorted()] == [False]
    assert watch.see(5, service_down=down("hooks")) == []
    assert watch.see(5, service_down=down("hooks")) == [(Kind.FIRED, "service_down:hooks", True)]
    assert watch.see(5, service_down=down("hooks")) == []


def test_a_cause_that_goes_before_leaves_nothing() -> None:
    watch = Watch(DOWN)
    watch.see(0, service_down=down("hooks"))
    assert watch.see(5, service_down=[]) == []
    assert watch.board.active == {}


def test_it_ends_once_its_cause_has_been_gone_for_a_while() -> None:
    watch = Watch(DOWN)
    watch.see(0, service_down=down("hooks"))
    watch.see(10, service_down=down("hooks"))
    assert watch.see(5, service_down=[]) == []
    assert watch.see(5, service_down=down("hooks")) == []
    assert watch.see(5, service_down=[]) == []
    assert watch.see(10, service_down=[]) == [(Kind.CLEARED, "service_down:hooks", True)]
    assert watch.board.active == {}


def test_what_cannot_be_known_changes_nothing() -> None:
    watch = Watch(DOWN)
    watch.see(0, service_down=down("hooks"))
    watch.see(10, service_down=down("hooks"))
    assert watch.see(60, service_down=None) == []
    assert watch.see(60) == []
    assert watch.board.active["service_down:hooks"].firing


def test_each_subject_has_an_alert_of_its_own() -> None:
    watch = Watch(DOWN)
    watch.see(0, service_down=down("hooks"))
    watch.see(5, service_down=down("hooks", "front"))
    assert watch.see(5, service_down=down("hooks", "front")) == [
        (Kind.FIRED, "service_down:hooks", True)
    ]
    assert watch.see(5, service_down=down("hooks", "front")) == [
        (Kind.FIRED, "service_down:front", True)
    ]


def test_a_value_must_be_better_than_the_threshold_to_end_the_alert() -> None:
    watch = Watch(replace(LOW, for_s=0, outranked_by=""))
    assert watch.see(0, disk_low=free(9.9)) == [(Kind.FIRED, "disk_low:/data", True)]
    for _ in range(5):
        assert watch.see(20, disk_low=free(10.5)) == []
    watch.see(20, disk_low=free(11.5))
    assert watch.see(20, disk_low=free(11.5)) == [(Kind.CLEARED, "disk_low:/data", True)]


def test_what_a_worse_alert_says_already_is_not_told() -> None:
    watch = Watch(replace(CRITICAL, for_s=0), replace(LOW, for_s=0))
    found = watch.see(0, disk_critical=free(3), disk_low=free(3))
    assert found == [
        (Kind.FIRED, "disk_critical:/data", True),
        (Kind.FIRED, "disk_low:/data", False),
    ]
    watch.see(20, disk_critical=free(7), disk_low=free(7))
    found = watch.see(20, disk_critical=free(7), disk_low=free(7))
    assert found == [
        (Kind.CLEARED, "disk_critical:/data", True),
        (Kind.FIRED, "disk_low:/data", True),
    ]


def test_what_comes_and_goes_is_told_once_in_a_while() -> None:
    watch = Watch(replace(DOWN, for_s=0))
    told = []
    for _ in range(6):
        told += watch.see(15, service_down=down("hooks"))
        watch.see(15, service_down=[])
        told += watch.see(15, service_down=[])
    assert [one for one in told if one[2]] == [
        (Kind.FIRED, "service_down:hooks", True),
        (Kind.CLEARED, "service_down:hooks", True),
    ]
    watch.see(15, service_down=down("hooks"))
    assert watch.see(QUIET_MS / 1000, service_down=down("hooks")) == [
        (Kind.FIRED, "service_down:hooks", True)
    ]


def test_nobody_is_told_of_what_was_acknowledged_but_of_its_end() -> None:
    watch = Watch(replace(DOWN, for_s=0))
    watch.see(0, service_down=down("hooks"))
    assert watch.board.acknowledge("service_down:hooks") is not None
    assert watch.see(2 * QUIET_MS / 1000, service_down=down("hooks")) == []
    watch.see(1, service_down=[])
    assert watch.see(10, service_down=[]) == [(Kind.CLEARED, "service_down:hooks", True)]
    assert watch.board.acknowledge("service_down:hooks") is None


def test_a_process_that_begins_again_goes_on_without_telling_twice() -> None:
    watch = Watch(replace(DOWN, for_s=0))
    watch.see(0, service_down=down("hooks"))
    after = Watch(replace(DOWN, for_s=0))
    after.at_s = 60
    after.board.load(list(watch.board.active.values()), watch.board.told_ms)
    assert after.see(5, service_down=down("hooks")) == []
    after.see(5, service_down=[])
    assert after.see(10, service_down=[]) == [(Kind.CLEARED, "service_down:hooks", True)]


def test_a_rule_that_is_switched_off_ends_its_alerts_in_silence() -> None:
    watch = Watch(replace(DOWN, for_s=0))
    watch.see(0, service_down=down("hooks"))
    watch.rules["service_down"] = replace(DOWN, enabled=False)
    assert watch.see(1, service_down=down("hooks")) == [(Kind.CLEARED, "service_down:hooks", False)]


def test_a_clock_that_is_set_neither_fires_nor_ends_anything() -> None:
    board = Board()
    rules = {"service_down": DOWN}
    board.update({"service_down": down("hooks")}, rules, BEGAN_MS, 500.0)
    assert not board.update({"service_down": down("hooks")}, rules, BEGAN_MS + 86_400_000, 501.0)
    assert board.update({"service_down": down("hooks")}, rules, BEGAN_MS - 86_400_000, 511.0)


def test_every_rule_has_words_whose_parameters_may_be_missing() -> None:
    for rule in RULES.values():
        assert rule.words({}).endswith((".", "?")), rule.name
        assert rule.help({}), rule.name
        assert rule.outranked_by in ("", *RULES), rule.name
        if rule.threshold is not None:
            assert rule.least <= rule.threshold <= rule.most, rule.name
            assert rule.unit, rule.name


def test_what_the_operator_changed_and_no_longer_fits_is_ignored() -> None:
    assert changed(DOWN, {"threshold": 5.0, "level": "warning"}).threshold is None
    assert changed(LOW, {"threshold": 20.0, "what": 1}).threshold == 20.0
