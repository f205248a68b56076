/** The page of a stream in one piece: its parts are small, and who opens one opens others. */
export { AccessTab } from './access-tab';
export { KeysTab } from './keys-tab';
export { LiveTab } from './live-tab';
export { ShareTab } from './share-tab';
export { StreamPage } from './stream-page';
export { ViewersTab } from './viewers-tab';
