import {basename} from 'node:path';

/** What a package says about where its source is. */
export interface RepositoryFields {
  repository?: {type: 'git'; url: string; directory: string};
  homepage?: string;
  bugs?: string;
}

/**
 * The fields of a package's manifest that follow from the `repository` of the workspace's, which is written once, as an
 * address such as https://github.com/owner/name. There are none while it is empty: nothing is published that is not true.
 *
 * @throws Error when it is no https address.
 */
export function repositoryFields(repository: string, directory: string): RepositoryFields {
  if (repository === '') return {};
  if (!/^https:\/\/[^/\s]+\/\S+[^/\s]$/.test(repository) || repository.endsWith('.git'))
    throw new Error(
      `package.json: repository is "${repository}", but must be the address of its page, like https://github.com/owner/name`,
    );
  const folder = `packages/${basename(directory)}`;
  return {
    repository: {type: 'git', url: `git+${repository}.git`, directory: folder},
    homepage: `${repository}/tree/main/${folder}#readme`,
    bugs: `${repository}/issues`,
  };
}
