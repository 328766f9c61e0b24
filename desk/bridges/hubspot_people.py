"""Contacts of HubSpot: found by their addresses, and made where there are none; and its owners, who are agents."""

from desk.bridges.base import Person, SystemRefused
from desk.bridges.hubspot_rest import HubSpotRest, there

_CONTACTS = "crm/v3/objects/contacts"


class People:
    """Names of owners are remembered until `forget`."""

    def __init__(self, rest: HubSpotRest) -> None:
        self._rest = rest
        self._owners: dict[str, str] = {}

    def forget(self) -> None:
        self._owners.clear()

    async def contact(self, person: Person) -> str:
        """Its id. By its e-mail address there is one; by a telephone number alone the search index is asked, so that of two
        tickets of a new caller within seconds each may get a contact."""
        return await self._by_email(person, person.email) if person.email else await self._by_phone(person)

    async def _by_email(self, person: Person, email: str) -> str:
        if (found := await self._of(email)) is not None:
            return found
        try:
            return str((await self._rest.create(_CONTACTS, {"properties": _properties(person)}))["id"])
        except SystemRefused:
            if (found := await self._of(email)) is not None:  # made in this moment
                return found
            raise

    async def _of(self, email: str) -> str | None:
        found = await there(self._rest, f"{_CONTACTS}/{email}", {"idProperty": "email"})
        return None if found is None else str(found["id"])

    async def _by_phone(self, person: Person) -> str:
        for name in ("phone", "mobilephone"):
            filters = [{"propertyName": name, "operator": "EQ", "value": person.phone or ""}]
            async for one in self._rest.search("contacts", filters, ["phone"], "createdate"):
                return str(one["id"])
        return str((await self._rest.create(_CONTACTS, {"properties": _properties(person)}))["id"])

    async def owner(self, id_: str | None, *, by: str = "id") -> str | None:
        """The e-mail address of an owner by its id, or by that of its user (`userId`); None for nobody."""
        if not id_:
            return None
        if f"{by} {id_}" not in self._owners:
            await self._read_owners()
        return self._owners.setdefault(f"{by} {id_}", f"{by} {id_}")  # one who has left

    async def _read_owners(self) -> None:
        after: str | None = ""
        while after is not None:
            answer = await self._rest.get("crm/v3/owners", {"limit": "100", **({"after": after} if after else {})})
            for one in answer["results"]:
                email = str(one.get("email") or one["id"])
                self._owners |= {f"id {one['id']}": email, f"userId {one.get('userId')}": email}
            after = answer.get("paging", {}).get("next", {}).get("after")


def _properties(person: Person) -> dict[str, str]:
    given = {"email": person.email, "phone": person.phone, "firstname": person.name}
    return {name: value for name, value in given.items() if value}
