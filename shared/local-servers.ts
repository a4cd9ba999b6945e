import { z } from 'zod';

/**
 * What `server start` and the chat that it opened tell each other, over the channel between the two processes: so that
 * somebody can watch the cluster survive from the chat itself.
 */

/** A server that `server start` runs. */
export const localServerSchema = z.object({
  /** `host:port` */
  address: z.string(),
  /** `paused`: its process exists and gets no time (SIGSTOP). `starting`: it does not answer yet. */
  state: z.enum(['running', 'paused', 'stopped', 'starting']),
  /** The highest operation that it has applied, as it told last; absent while it tells nothing. */
  commit: z.int().exactOptional(),
});
export type LocalServer = z.infer<typeof localServerSchema>;

/** `kill` is `kill -9`; `restart` starts one that has stopped, with the command that it was started with. */
export const SERVER_ACTIONS = ['kill', 'pause', 'resume', 'restart'] as const;
export type ServerAction = (typeof SERVER_ACTIONS)[number];

/** From `server start` to the chat: at once, and after each change. */
export const localServersSchema = z.object({ localServers: z.array(localServerSchema) });
export type LocalServersMessage = z.infer<typeof localServersSchema>;

/** From the chat to `server start`. */
export const serverActionSchema = z.object({ action: z.enum(SERVER_ACTIONS), address: z.string() });
export type ServerActionMessage = z.infer<typeof serverActionSchema>;
