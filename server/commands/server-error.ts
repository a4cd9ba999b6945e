/** A server that cannot start or go on; its message is the sentence for the operator. */
export class ServerError extends Error {}
