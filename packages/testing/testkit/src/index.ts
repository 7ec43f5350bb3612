/** Text tables, matchers and vector loaders for tests. */

export { codeOf, expectCode, expectCodeAsync } from './expect-code.ts';
export { type TimeStampAuthority, createTimeStampAuthority, requireOpenssl } from './openssl.ts';
export { loadJson, requireShared, sharedFolder } from './shared.ts';
export { table } from './table.ts';
