// SPDX-License-Identifier: Apache-2.0
// What the try-it view asks: inference and feedback by the Open Inference Protocol, and the nearest training rows.

export interface TensorKind {
  name: string;
  datatype: string;
  shape: number[];
}

/** GET /v2/models/{model} */
export interface ModelMetadata {
  name: string;
  inputs: TensorKind[];
  outputs: TensorKind[];
  /** `labels` is a JSON array in a text. */
  properties?: { labels?: string };
}

export interface Tensor extends TensorKind {
  data: (number | string | boolean)[];
}

/** POST /v2/models/{model}/infer */
export interface Inferred {
  model_name: string;
  model_version: string;
  id: string;
  outputs: Tensor[];
}

/** POST /v2/models/{model}/feedback */
export interface Receipt {
  accepted: number;
  duplicate: number;
  rejected_count: number;
}

/** What somebody said of a served row. */
export interface Said {
  id: string;
  kind: "label" | "correct" | "score" | "retract";
  label?: string;
  correct?: boolean;
  at: string;
}

/** GET /v2/models/{model}/requests/{id} */
export interface Captured {
  predictions: { feedback: Said[] }[];
}

export interface Neighbour {
  item: string;
  text: string;
  /** Cosine of the model's embeddings. */
  similarity: number;
  label: string;
  split: string;
  answers: number;
  agreeing?: number;
}

/** POST /v1/models/{model}/nearest */
export interface Nearest {
  neighbours: Neighbour[];
  searched: number;
  version?: number;
}
