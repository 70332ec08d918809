// SPDX-License-Identifier: Apache-2.0
// For tests: which forms some sentences have, and the sentences in them.
import { Format } from "../../base/format";
import { reader, type Form } from "./forms";

export function formsUsed(forms: readonly Form[], sentences: readonly string[]): Set<Form> {
  const format = new Format("ko");
  const readers = forms.map((form) => ({ form, read: reader(form) }));
  const used = new Set<Form>();
  const read = (sentence: string): string | undefined => {
    const found = readers.filter((one) => one.read(sentence, format, read) !== undefined);
    found.forEach((one) => used.add(one.form));
    return found.length > 0 ? sentence : undefined;
  };
  sentences.forEach(read);
  return used;
}
