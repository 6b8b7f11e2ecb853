"""QAD Adaptive ERP behind its REST API, simulated.

QAD publishes no REST reference. What client code seen in public leaves open is decided here, always one way:

- A browse that is asked with `pageAction=first` answers its first page, whatever `page` says.
- Text is compared as Progress compares it: case and trailing blanks do not count. Keys of a read are exact.
- A filter on a column that the browse lacks, a comma inside a value and a read without `viewUri` are refused (400).
- `lastModifiedDate` is midnight (`T00:00:00.000Z`) of the day in the server's zone, `lastModifiedTime` the seconds
  since that midnight. Filters compare instants: `ge` noon misses what changed in the afternoon of that day.
- Business relations and currencies are seen from every workspace, customers only from those of their shared set.
- A refresh token is good once and brings a token with a full life; the old access token ends.
- Without the workspace header a call runs in the user's first workspace. An unknown workspace is a 403.
- Names that no source gives: a contact's (`customerContactV2s`: `contactName`, `firstName`, `lastName`, `email`,
  `telephone`, `mobilePhone`, `jobTitle`, `isPrimary`), a business relation's beyond those it shares with the customer
  (`businessRelationName2`, `isActive`), and the shapes of totalCount, workspaces, roles and entity metadata.
"""

from .server import QadSandbox
from .settings import Settings

__all__ = ["QadSandbox", "Settings"]
