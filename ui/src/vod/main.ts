import { showFoot } from '../watch/foot';
import { readAddress, readMoment } from './address';
import { buildView } from './view';
import { Viewer } from './viewer';
import { say } from './words';

const root = document.getElementById('watch');
if (!root) throw new Error('vod.html has no #watch');

const id = readAddress(location.pathname);
if (id) {
  const view = buildView(
    root,
    id,
    () => viewer.play(),
    (at) => viewer.beginAt(at),
  );
  const viewer = new Viewer(id, view, readMoment(location.hash));
  viewer.start();
} else {
  root.dataset.state = 'message';
  root.append(Object.assign(document.createElement('p'), { className: 'message', textContent: say('badAddress') }));
}
void showFoot();
