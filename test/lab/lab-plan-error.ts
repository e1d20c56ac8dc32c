/** A plan that the kernel cannot express; the message names the part. */
export class LabPlanError extends Error {
  readonly code = 'LAB_CANNOT_EXPRESS';

  constructor(what: string) {
    super(`the kernel cannot express ${what}`);
    this.name = 'LabPlanError';
  }
}
