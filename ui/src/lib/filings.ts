/** Where the numbers at the foot of a page can be looked up, as the law of mainland China asks for. */
export const FILINGS = [
  { name: 'icp', href: 'https://beian.miit.gov.cn/' },
  { name: 'police', href: 'https://beian.mps.gov.cn/' },
] as const;
