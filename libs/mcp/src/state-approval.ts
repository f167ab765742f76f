/** What stands behind `ToolCall.mayApply`; made by the stage that approves calls. */
export interface StateApproval {
  /**
   * @param state a hash of all that the effect depends on
   * @returns whether the effect is approved; false in a dry run
   * @throws ServerError CONFLICT where another state was approved
   */
  mayApply(state: string): boolean;
}
