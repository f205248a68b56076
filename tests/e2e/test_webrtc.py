"""WHIP in and WHEP out through the front door, with a real SRS: Chromium is encoder and player."""

import json
import urllib.parse
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page

from ..conftest import wait_until
from .house import House, random_name

pytestmark = pytest.mark.browser

PUBLISH = """async ([url, token]) => {
  const canvas = document.createElement('canvas');
  canvas.width = 320; canvas.height = 180;
  const context = canvas.getContext('2d');
  let n = 0;
  window.drawing = setInterval(() => {
    context.fillStyle = `hsl(${n * 7 % 360} 80% 50%)`; context.fillRect(0, 0, 320, 180);
    context.fillStyle = '#fff'; context.fillRect(n++ * 5 % 320, 60, 40, 40);
  }, 40);
  const tone = new AudioContext();
  const out = tone.createMediaStreamDestination();
  const source = tone.createOscillator(); source.connect(out); source.start();
  const pc = new RTCPeerConnection(); window.pc = pc;
  for (const track of [...canvas.captureStream(25).getTracks(), ...out.stream.getTracks()])
    pc.addTransceiver(track, {direction: 'sendonly'});
  const video = pc.getTransceivers().find((one) => one.sender.track.kind === 'video');
  const codecs = RTCRtpSender.getCapabilities('video').codecs;
  video.setCodecPreferences(codecs.filter((one) => one.mimeType === 'video/H264'));
  await pc.setLocalDescription(await pc.createOffer());
  const headers = {'Content-Type': 'application/sdp'};
  if (token) headers.Authorization = `Bearer ${token}`;
  let reply;
  try { reply = await fetch(url, {method: 'POST', headers, body: pc.localDescription.sdp}); }
  catch (error) { return {status: 0}; }
  if (reply.status === 201)
    await pc.setRemoteDescription({type: 'answer', sdp: await reply.text()});
  return {status: reply.status, location: reply.headers.get('location')};
}"""
PLAY = """async (url) => {
  const video = document.createElement('video');
  video.muted = true; video.autoplay = true; video.id = 'whep'; document.body.append(video);
  const stream = new MediaStream(); video.srcObject = stream;
  const pc = new RTCPeerConnection(); window.player = pc;
  pc.ontrack = (event) => stream.addTrack(event.track);
  pc.addTransceiver('video', {direction: 'recvonly'});
  pc.addTransceiver('audio', {direction: 'recvonly'});
  await pc.setLocalDescription(await pc.createOffer());
  const body = pc.localDescription.sdp;
  const headers = {'Content-Type': 'application/sdp'};
  const reply = await fetch(url, {method: 'POST', headers, body});
  if (reply.status === 201)
    await pc.setRemoteDescription({type: 'answer', sdp: await reply.text()});
  return reply.status;
}"""


@pytest.fixture(params=["srs_process_house", "srs_image_house"], ids=["srs-process", "srs-image"])
def house(request: pytest.FixtureRequest) -> House:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, House)
    return found


@pytest.fixture
def page(house: House, browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{house.base}/watch/live/nothing-here")
    yield page
    context.close()


def whip(house: House, name: str, **query: str) -> str:
    words = urllib.parse.urlencode({"app": "live", "stream": name, **query})
    return f"{house.base}/rtc/v1/whip/?{words}"


@pytest.mark.parametrize("style", ["query", "bearer"])
def test_a_browser_publishes_by_whip_and_another_watches_by_whep(
    house: House, page: Page, style: str
) -> None:
    name = random_name()
    with house.api() as api:
        secret = api.secret()
        if style == "query":
            answer = page.evaluate(PUBLISH, [whip(house, name, secret=secret), ""])
        else:
            answer = page.evaluate(PUBLISH, [whip(house, name), secret])
        assert answer["status"] == 201, json.dumps(answer)
        wait_until(lambda: f"live/{name}" in api.streams(), "the stream is listed")
        assert api.streams()[f"live/{name}"]["protocol"] == "webrtc"
        status = page.evaluate(PLAY, f"{house.base}/rtc/v1/whep/?app=live&stream={name}")
        assert status == 201
        page.wait_for_function(
            "() => { const v = document.getElementById('whep');"
            " return v.videoWidth > 0 && v.currentTime > 0.5; }",
            timeout=60_000,
        )
        wait_until(
            lambda: api.streams()[f"live/{name}"]["viewers"]["webrtc"] == 1, "the viewer counts"
        )
        page.evaluate("() => { window.player.close(); window.pc.close(); }")


def test_whip_without_the_key_is_refused(house: House, page: Page) -> None:
    name = random_name()
    answer = page.evaluate(PUBLISH, [whip(house, name, secret="wrong"), ""])
    assert answer["status"] != 201
    with house.api() as api:
        assert f"live/{name}" not in api.streams()


def test_only_offers_pass_the_door(house: House) -> None:
    for path in ("/rtc/v1/", "/rtc/v1/nack/", "/rtc/"):
        status = httpx.get(house.base + path, trust_env=False, timeout=60).status_code
        assert status in (302, 404), path
