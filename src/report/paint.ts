/** Colours as functions, so that a report can be written without knowing what it is written to. */

export interface Paint {
  readonly strong: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly bad: (text: string) => string;
}

/** No colours: for pipes and files. */
export const plainPaint: Paint = {
  strong: (text) => text,
  dim: (text) => text,
  bad: (text) => text,
};
