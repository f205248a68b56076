// The light build has the types of the full one, but its package does not say so.
declare module 'hls.js/light' {
  export { default } from 'hls.js';
}
