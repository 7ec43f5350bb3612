/** Where the server gives out no tokens itself: nothing of it is there, or another server is named. */

import { describe, expect, test } from 'vitest';

import { openRealHouse } from './real-house.ts';

describe('without an authorization server of its own', () => {
  test('nothing of it is there: it is off unless switched on', async () => {
    const other = await openRealHouse();
    try {
      const server = await other.serve();
      for (const path of ['/.well-known/oauth-authorization-server', '/oauth/authorize']) {
        expect((await fetch(`${server.url}${path}`)).status).toBe(404);
      }
      const resource = await fetch(`${server.url}/.well-known/oauth-protected-resource/mcp`);
      expect(await resource.json()).not.toHaveProperty('authorization_servers');
    } finally {
      await other.close();
    }
  });

  test('one’s own authorization server is named, and gives out tokens that it had cut', async () => {
    const other = await openRealHouse();
    try {
      const server = await other.serve({ authorization: new URL('https://login.example') });
      const resource = await fetch(`${server.url}/.well-known/oauth-protected-resource/mcp`);
      expect(await resource.json()).toMatchObject({
        authorization_servers: ['https://login.example'],
      });
      // What that server does at its token endpoint, with a grant that the operator issued to it.
      const cut = await fetch(`${server.url}/v1/token-exchange`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${await other.token()}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify({
          grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
          actions: ['query'],
        }),
      });
      const { access_token: token } = (await cut.json()) as { access_token: string };
      const asked = await fetch(`${server.url}/v1/query`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ sql: 'SELECT city FROM people' }),
      });
      expect(asked.status).toBe(200);
    } finally {
      await other.close();
    }
  });
});
