import { describe, expect, it } from 'vitest';
import { PEERS_PATH } from '../../server/network/io.ts';
import { Stage } from './harness.ts';

describe('HTTP on the same port', () => {
  it('GET /healthz answers while the process lives', async () => {
    const stage = await Stage.open();
    const response = await fetch(`${stage.url}/healthz`);
    expect([response.status, await response.text()]).toEqual([200, 'alive\n']);
  });

  it('GET /readyz answers 200 in the view, else 503 with the reason', async () => {
    const stage = await Stage.open();
    expect((await fetch(`${stage.url}/readyz`)).status).toBe(200);
    const { status } = stage.engine;
    const waitingFor = 'a majority: localhost:2538 or localhost:3538';
    stage.engine.status = () => ({ ...status.call(stage.engine), role: 'waiting', waitingFor });
    const waiting = await fetch(`${stage.url}/readyz`);
    expect([waiting.status, await waiting.text()]).toEqual([503, `not ready: waiting, ${waitingFor}\n`]);
    stage.engine.status = () => ({ ...status.call(stage.engine), role: 'spare' });
    expect((await fetch(`${stage.url}/readyz`)).status).toBe(503);
  });

  it('GET /status is the status as JSON', async () => {
    const stage = await Stage.open();
    const response = await fetch(`${stage.url}/status?pretty`);
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    expect(await response.json()).toEqual(stage.engine.status());
  });

  it('GET /metrics counts requests by event and answer, connections, and the round trips of messages', async () => {
    const stage = await Stage.open();
    const ana = await stage.account('ana');
    await stage.connect();
    await ana.write('message:send', { to: 'ana', body: 'hi' });
    await ana.write('message:send', { to: 'nobody', body: 'hi' });
    await ana.ask('no:event', {});
    const text = await (await fetch(`${stage.url}/metrics`)).text();
    for (const line of [
      'understudy_requests_total{event="message:send",code="ok"} 1',
      'understudy_requests_total{event="message:send",code="no-such-account"} 1',
      'understudy_requests_total{event="unknown",code="bad-request"} 1',
      'understudy_message_send_seconds_count 1',
      'understudy_connections 2',
      'understudy_connections_logged_in 1',
      'understudy_commit_number 2',
      'understudy_view 1',
      'understudy_primary 1',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
    expect(text).toContain('process_resident_memory_bytes');
  });

  it('says in a sentence what there is not, and what cannot be done', async () => {
    const stage = await Stage.open();
    const missing = await fetch(`${stage.url}/admin`);
    expect([missing.status, await missing.text()]).toEqual([404, expect.stringContaining('/admin')]);
    const posted = await fetch(`${stage.url}/status`, { method: 'POST', body: 'x' });
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    expect(await posted.text()).toContain('POST');
    const head = await fetch(`${stage.url}/healthz`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });

  it('serves browsers of any origin on the path of clients, without cookies, and none on that of the servers', async () => {
    const stage = await Stage.open();
    const headers = { origin: 'https://chat.example' };
    const response = await fetch(`${stage.url}/socket.io/?EIO=4&transport=polling`, { headers });
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(response.headers.get('access-control-allow-credentials')).toBeNull();
    expect(response.headers.get('set-cookie')).toBeNull();
    expect(JSON.parse((await response.text()).slice(1)).maxPayload).toBe(1_048_576);
    const peers = await fetch(`${stage.url}${PEERS_PATH}?EIO=4&transport=polling`, { headers });
    expect(peers.status).toBe(400);
    expect(peers.headers.get('access-control-allow-origin')).toBeNull();
  });
});
