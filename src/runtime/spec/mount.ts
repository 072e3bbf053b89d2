/** A mount, as the runtime-spec has it. */
export interface Mount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options?: readonly string[];
}
