import type { Attach } from './types';

/** WebRTC by WHEP: a fraction of a second behind; needs UDP between viewer and media server. */
export const attachWhep: Attach = async (video, url, fail) => {
  const peer = new RTCPeerConnection();
  const stop = () => {
    peer.close();
    video.srcObject = null;
  };
  try {
    const media = new MediaStream();
    peer.ontrack = ({ track }) => media.addTrack(track);
    peer.onconnectionstatechange = () => {
      if (peer.connectionState === 'failed' || peer.connectionState === 'disconnected') fail(`WebRTC ${peer.connectionState}`);
    };
    for (const kind of ['video', 'audio']) peer.addTransceiver(kind, { direction: 'recvonly' });
    await peer.setLocalDescription(await peer.createOffer());
    const reply = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/sdp' },
      body: peer.localDescription?.sdp ?? '',
    });
    if (reply.status !== 201) throw new Error(`HTTP ${reply.status}`);
    await peer.setRemoteDescription({ type: 'answer', sdp: await reply.text() });
    video.srcObject = media;
    return stop;
  } catch (error) {
    stop();
    throw error;
  }
};
