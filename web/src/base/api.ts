// SPDX-License-Identifier: Apache-2.0
// The one way in: calls of the server's public API, with the key of whoever uses the page.
import { firstAsk, firstBody, forgetFirstAsks } from "./first_asks";
import { keepKey, keptKey } from "./key";

/** What the server said no to, or status 0 when it was not reached. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }

  /** The same call may succeed later. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status === 502 || this.status === 503;
  }
}

export type Parameters = Record<string, string | number | boolean | undefined>;

const kTimeOutMs = 30_000;
let key: string | null = keptKey();

export function hasKey(): boolean {
  return key !== null;
}

export function useKey(wanted: string | null, remember = false): void {
  key = wanted;
  keepKey(wanted, remember);
  forgetFirstAsks();
}

/** `/v1/models/${name}` with the name encoded: path`/v1/models/${name}`. */
export function path(parts: TemplateStringsArray, ...names: (string | number)[]): string {
  return parts.reduce((whole, part, i) => whole + part + (i < names.length ? encodeURIComponent(String(names[i])) : ""), "");
}

export function withParameters(address: string, parameters: Parameters): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== "") {
      query.set(name, String(value));
    }
  }
  const text = query.toString();
  return text === "" ? address : `${address}?${text}`;
}

/** The answer's body is not read yet. Throws ApiError. */
export async function send(address: string, init: RequestInit = {}, timeOutMs: number | null = kTimeOutMs): Promise<Response> {
  const headers = new Headers(init.headers);
  if (key !== null) {
    headers.set("Authorization", `Bearer ${key}`);
  }
  const signals = [init.signal, timeOutMs === null ? undefined : AbortSignal.timeout(timeOutMs)].filter((one) => one != null);
  let response: Response;
  try {
    const begun = init.method === undefined ? firstAsk(address) : undefined;
    response = await (begun ?? fetch(address, { ...init, headers, cache: "no-store", credentials: "omit", signal: AbortSignal.any(signals) }));
  } catch (error) {
    throw new ApiError(0, error instanceof Error ? error.message : String(error));
  }
  if (!response.ok) {
    throw new ApiError(response.status, await reasonOf(response));
  }
  return response;
}

async function reasonOf(response: Response): Promise<string> {
  const text = await response.text().catch(() => "");
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === "object" && body !== null && "error" in body && typeof body.error === "string") {
      return body.error;
    }
  } catch {
    // not ours: something between the page and the server answered
  }
  return `${response.status} ${response.statusText}`.trim();
}

export async function get<T>(address: string, parameters: Parameters = {}, signal?: AbortSignal): Promise<T> {
  const whole = withParameters(address, parameters);
  return (firstBody(whole) ?? (await (await send(whole, signal ? { signal } : {})).json())) as T;
}

export async function post<T>(address: string, body: unknown): Promise<T> {
  const response = await send(address, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "Content-Type": "application/json" },
  });
  return (await response.json()) as T;
}

export async function text(address: string): Promise<string> {
  return (await send(address)).text();
}
