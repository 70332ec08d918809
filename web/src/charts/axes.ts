// SPDX-License-Identifier: Apache-2.0
// What stands at the axes of a drawing, in its own pixels.

/** Where the inner part of a drawing ends. */
export interface Edges {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export interface Tick {
  at: number;
  text: string;
}
