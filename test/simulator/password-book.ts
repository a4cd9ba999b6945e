const FIRST_PASSWORD = 'a password';

/** What the users of an account believe its password to be: a change that was not answered may have been done. */
export class PasswordBook {
  readonly #candidates = new Map<string, string[]>();

  /** The likeliest first. */
  of(account: string): readonly string[] {
    return this.#candidates.get(account) ?? [FIRST_PASSWORD];
  }

  /** It may be this one from now on. */
  mayBe(account: string, password: string): void {
    this.#candidates.set(account, [...this.of(account).filter((one) => one !== password), password]);
  }

  is(account: string, password: string): void {
    this.#candidates.set(account, [password, ...this.of(account).filter((one) => one !== password)]);
  }
}
