type Outcome = { readonly kind: string; readonly raced?: boolean }

/**
 * Makes a commit that another overtook on the last step again on top of that one: its requirements are judged on what is
 * there now, and if they hold it does not conflict. Each round lost is somebody else's commit made.
 */
export async function commitUnraced<Each extends Outcome>(commit: () => Promise<Each>): Promise<Each> {
  let outcome = await commit()
  for (let round = 1; outcome.raced === true && round < ROUNDS_MAX; round += 1) outcome = await commit()
  return outcome
}

const ROUNDS_MAX = 20
