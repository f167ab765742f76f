/** `workspace://name/path/of/file`, each name percent-encoded, so that no name can look like a separator. */
export const workspaceUri = (workspace: string, path: string): string =>
  `workspace://${encodeURIComponent(workspace)}/${path.split('/').map(encodeURIComponent).join('/')}`;
