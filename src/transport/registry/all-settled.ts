/**
 * The results of work that goes on at the same time. When some of it fails, the first failure is thrown once all of it
 * has ended: nothing goes on behind the caller's back.
 */
export async function together<T>(work: readonly Promise<T>[]): Promise<readonly T[]> {
  await Promise.allSettled(work);
  return await Promise.all(work);
}
