export { CamerasPage } from './cameras-page';
export { TranscodePage } from './transcode-page';
export { VlivePage } from './vlive-page';
