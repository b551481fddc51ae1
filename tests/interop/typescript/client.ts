// Calls of the REST API: plain fetch, nothing of ours but the shapes.

import type { ErrorBody } from "./contract.js";

export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly body: ErrorBody,
    readonly requestId: string | null,
  ) {
    super(`${status} ${body.error_code}: ${body.message}`);
  }
}

export interface Answer<T> {
  body: T;
  etag: string | null;
}

export interface Options {
  query?: Record<string, string | number>;
  body?: unknown;
  ifMatch?: string;
}

export class Client {
  constructor(private readonly base: string) {}

  async call<T>(method: string, path: string, options: Options = {}): Promise<Answer<T>> {
    const answer = await this.send(method, path, options);
    const body: unknown = await answer.json();
    if (!answer.ok) {
      throw new Refused(answer.status, body as ErrorBody, answer.headers.get("x-request-id"));
    }
    return { body: body as T, etag: answer.headers.get("etag") };
  }

  async text(path: string): Promise<{ type: string; text: string }> {
    const answer = await this.send("GET", path, {});
    if (!answer.ok) {
      throw new Error(`${path} answered ${answer.status}`);
    }
    return { type: answer.headers.get("content-type") ?? "", text: await answer.text() };
  }

  private send(method: string, path: string, options: Options): Promise<Response> {
    const url = new URL(path, this.base);
    for (const [name, value] of Object.entries(options.query ?? {})) {
      url.searchParams.set(name, String(value));
    }
    const headers = new Headers({ accept: "application/json" });
    if (options.ifMatch !== undefined) {
      headers.set("if-match", options.ifMatch);
    }
    const init: RequestInit = { method, headers };
    if (options.body !== undefined) {
      headers.set("content-type", "application/json");
      init.body = JSON.stringify(options.body);
    }
    return fetch(url, init);
  }
}
