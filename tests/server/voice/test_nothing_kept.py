"""What is spoken and written is nowhere but in the ears and on the screens of the room."""

from __future__ import annotations

from tests.server.house import House
from tests.server.voice.lines import Line, circle, sound

CANARY = b"canary-of-the-voice-7f3a"


async def test_no_file_and_no_log_holds_what_was_spoken_or_written(house: House) -> None:
    made = await circle(house)
    ana, ben = await Line.open(made.ana), await Line.open(made.ben)
    for sequence in range(30):
        await ana.say(sound(made.number, sequence, CANARY))
        await made.ben.send("gesture", kind="with_you")
    await made.cai.done("say_privately", text=CANARY.decode())
    await made.ana.done("write", turn=made.turn, text=CANARY.decode())
    await ana.say(b"\x07" + CANARY)  # also what nobody may hear
    await ana.say(sound(made.number, opus=CANARY * 40))
    await ana.socket.send(CANARY.decode())
    await ben.hears(CANARY)
    await made.ben.find(lambda frame: frame.get("text") == CANARY.decode())
    await made.ana.done("finish_turn", turn=made.turn)
    for file in house.directory.rglob("*"):
        if file.is_file():
            assert CANARY not in file.read_bytes(), file
    said = "".join(line for worker in house.workers for line in worker.said)
    for word in (CANARY.decode(), "Ana", made.ana.pass_, made.session):
        assert word not in said
