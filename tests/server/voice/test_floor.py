"""Who is heard: the holder of the floor and facilitators, on every worker, nobody else."""

from __future__ import annotations

import asyncio

from session_engine import Role
from tests.server.house import House
from tests.server.people import Person
from tests.server.voice.lines import Circle, Line, circle, sound


async def last_word(made: Circle, *listeners: Line) -> None:
    """Let a facilitator say something, so that all that came before it has been passed on."""
    line = await Line.open(made.meera, made.house.workers[0])
    await line.say(sound(0, opus=b"the last word"))
    for listener in listeners:
        await listener.hears(b"the last word")
    await line.go()


def said(line: Line) -> list[bytes]:
    return [one.opus for one in line.heard if one.opus != b"the last word"]


async def test_the_holder_is_heard_by_everybody_else_on_every_worker(house: House) -> None:
    made = await circle(house)
    meera, ana, ben, cai = [await Line.open(person) for person in made.people]
    await ana.say(sound(made.number, 7, b"good evening"))
    for listener in (meera, ben, cai):
        heard = await listener.hears(b"good evening")
        assert (heard.version, heard.seat, heard.turn) == (1, made.seat(made.ana), made.number)
        assert (heard.sequence, heard.timestamp) == (7, 1234)
    assert not ana.heard


async def test_nobody_else_is_heard(house: House) -> None:
    made = await circle(house)
    meera, ana, ben, cai = [await Line.open(person) for person in made.people]
    await ben.say(sound(made.number))
    await cai.say(sound(made.number))
    await cai.say(sound(0))
    await asyncio.sleep(0.1)
    await last_word(made, ana, ben, cai)
    assert not any(said(line) for line in (meera, ana, ben, cai))


async def test_sound_of_another_turn_is_not_passed_on(house: House) -> None:
    made = await circle(house)
    ana, ben = await Line.open(made.ana), await Line.open(made.ben)
    for number in (0, made.number - 1, made.number + 1, 2**64 - 1):
        await ana.say(sound(number))
    await asyncio.sleep(0.1)
    await last_word(made, ben)
    assert not said(ben)


async def test_an_old_turn_is_not_heard_when_the_next_has_begun(house: House) -> None:
    made = await circle(house)
    old = made.number
    ana, ben, cai = [await Line.open(person) for person in (made.ana, made.ben, made.cai)]
    await made.meera.done("next", turn=made.turn)
    for person in made.people:
        await person.see(lambda view, you: (view["turn"] or {}).get("person") == made.ben.id)
    await ana.say(sound(old, opus=b"one more thing"))
    await ana.say(sound(made.number, opus=b"one more thing"))
    await ben.say(sound(made.number, opus=b"now I"))
    await cai.hears(b"now I")
    await ana.hears(b"now I")
    await last_word(made, cai)
    assert said(cai) == [b"now I"]


async def test_what_is_no_frame_of_ours_is_not_passed_on(house: House) -> None:
    made = await circle(house)
    ana, ben = await Line.open(made.ana), await Line.open(made.ben)
    number = made.number
    for frame in (
        b"",
        b"\x01",
        sound(number, opus=b""),
        sound(number, version=2),
        sound(number, opus=b"x" * 384),
        sound(number, opus=b"x" * 20_000),
    ):
        await ana.say(frame)
    await ana.say(sound(number, opus=b"y" * 383))  # 400 bytes in all: just right
    await ben.hears(b"y" * 383)
    assert len(ben.heard) == 1


async def test_a_burst_of_forty_is_passed_on_then_twenty_a_second(house: House) -> None:
    made = await circle(house)
    ana, meera = await Line.open(made.ana), await Line.open(made.meera)
    for count in range(120):
        await ana.say(sound(made.number, count))
    await asyncio.sleep(0.2)
    assert 40 <= len(meera.heard) <= 48
    assert [one.sequence for one in meera.heard][:40] == list(range(40))
    await asyncio.sleep(1.0)
    before = len(meera.heard)
    for count in range(60):
        await ana.say(sound(made.number, count))
    await asyncio.sleep(0.2)
    assert 20 <= len(meera.heard) - before <= 30


async def test_a_facilitator_is_heard_at_any_time(house: House) -> None:
    made = await circle(house)
    meera, ana, ben = [await Line.open(one) for one in (made.meera, made.ana, made.ben)]
    await meera.say(sound(0, opus=b"outside a turn"))
    await meera.say(sound(made.number, opus=b"in a turn"))
    await meera.say(sound(made.number + 1, opus=b"in another turn"))
    for listener in (ana, ben):  # before the floor changes: what waits then is thrown away
        assert (await listener.hears(b"outside a turn")).seat == 0
        await listener.hears(b"in a turn")
    await made.meera.done("hold")
    await made.ben.see(lambda view, you: view["held"])
    await meera.say(sound(0, opus=b"in a hold"))
    for listener in (ana, ben):
        await listener.hears(b"in a hold")
        assert b"in another turn" not in said(listener)


async def test_a_facilitator_is_heard_in_the_lobby(house: House) -> None:
    session = await house.create()
    meera = await Person.enter(house, session, Role.FACILITATOR, "Meera", 0)
    ben = await Person.enter(house, session, Role.PARTICIPANT, "Ben", 1)
    speaks, hears = await Line.open(meera), await Line.open(ben)
    await speaks.say(sound(0, opus=b"welcome"))
    assert (await hears.hears(b"welcome")).seat == 0


async def test_a_hold_silences_the_holder_until_it_goes_on(house: House) -> None:
    made = await circle(house)
    ana, ben = await Line.open(made.ana), await Line.open(made.ben)
    await made.meera.done("hold")
    for person in made.people:
        await person.see(lambda view, you: view["held"])
    await ana.say(sound(made.number, opus=b"in the hold"))
    await last_word(made, ben)
    await made.meera.done("resume")
    for person in made.people:
        await person.see(lambda view, you: not view["held"])
    await ana.say(sound(made.number, opus=b"after it"))
    await ben.hears(b"after it")
    assert said(ben) == [b"after it"]


async def test_a_holder_who_lost_the_live_line_is_not_heard_on_the_voice_line(
    house: House,
) -> None:
    made = await circle(house)
    ana, ben = await Line.open(made.ana), await Line.open(made.ben)
    made.ana.vanish()
    await made.ben.see(lambda view, you: (view["turn"] or {}).get("state") == "held")
    await ana.say(sound(made.number, opus=b"can you hear me"))
    await last_word(made, ben)
    assert not said(ben)


async def test_a_turn_that_is_only_offered_is_not_heard(house: House) -> None:
    session = await house.create()
    meera = await Person.enter(house, session, Role.FACILITATOR, "Meera", 0)
    ana = await Person.enter(house, session, Role.PARTICIPANT, "Ana", 1)
    await meera.see(lambda view, you: view["people"][0]["present"])
    await meera.done("begin")
    await meera.done("advance", from_="welcome")
    view = await ana.see(lambda view, you: view["turn"] is not None)
    hears, speaks = await Line.open(meera), await Line.open(ana)
    await speaks.say(sound(view["turn"]["number"], opus=b"before the start"))
    await ana.done("start_turn", turn=view["turn"]["id"])
    await meera.see(lambda view, you: (view["turn"] or {}).get("state") == "speaking")
    await speaks.say(sound(view["turn"]["number"], opus=b"after the start"))
    await hears.hears(b"after the start")
    assert [one.opus for one in hears.heard] == [b"after the start"]
