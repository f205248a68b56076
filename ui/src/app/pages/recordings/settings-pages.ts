/** The pages about all recordings but the library in one piece: they are small, and share most of it. */
export { RetentionPage } from './retention-page';
export { RecordRulesPage } from './rules-page';
export { StoragePage } from './storage-page';
