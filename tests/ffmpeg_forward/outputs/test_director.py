"""What runs follows who is live and what is switched on."""

from streamstead.ffmpeg_forward.outputs.director import relay_name

from .conftest import SECRET, House

CAM = relay_name("live/cam")


async def test_an_output_runs_as_soon_as_its_stream_begins_and_until_it_ends(house: House) -> None:
    made = await house.create()
    assert made["state"] == "waiting"
    await house.publish()
    await house.until(lambda: CAM in house.relays.wanted)
    config = house.relays.wanted[CAM]
    assert [one.id for one in config.destinations] == [made["id"]]
    assert config.destinations[0].url == f"rtmps://a.rtmps.youtube.com:443/live2/{SECRET}"
    assert config.destinations[0].secrets == (SECRET,)
    assert (config.sources[0].app, config.sources[0].stream) == ("live", "cam")
    assert (await house.output(made["id"]))["state"] == "connecting"
    await house.unpublish()
    await house.until(lambda: CAM not in house.relays.wanted)
    assert (await house.output(made["id"]))["state"] == "waiting"
