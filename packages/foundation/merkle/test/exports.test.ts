/** Pins: what the room exports. */

import * as room from '@veritydb/merkle';
import { expect, test } from 'vitest';

test('public exports', () => {
  expect(Object.keys(room).toSorted()).toEqual([
    'MerkleError',
    'MerkleTree',
    'buildTimeStampRequest',
    'emptyRoot',
    'formatCheckpoint',
    'formatTlogProof',
    'formatVerifierKey',
    'leafHash',
    'nodeHash',
    'parseCertificates',
    'parseCheckpoint',
    'parseNote',
    'parseTlogProof',
    'parseVerifierKey',
    'rootFromBatchProof',
    'rootFromInclusionProof',
    'signCheckpoint',
    'signNote',
    'treeRoot',
    'verifyCheckpoint',
    'verifyConsistency',
    'verifyInclusion',
    'verifyNote',
    'verifyTimeStamp',
    'verifyTimeStampBinding',
  ]);
});
