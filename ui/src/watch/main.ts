import { readAddress } from './address';
import { showFoot } from './foot';
import { buildView } from './view';
import { say } from './words';
import { Watcher } from './watcher';

const root = document.getElementById('watch');
if (!root) throw new Error('watch.html has no #watch');

const address = readAddress(location.pathname);
if (address) {
  const view = buildView(root, address.app, address.stream, (delay) => watcher.useDelay(delay));
  const watcher = new Watcher(address.app, address.stream, view);
  watcher.start();
} else {
  root.dataset.state = 'message';
  root.append(Object.assign(document.createElement('p'), { className: 'message', textContent: say('badAddress') }));
}
void showFoot();
