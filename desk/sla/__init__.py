"""What customers were promised: within which time they are answered, answered again, and done with.

A timer is a row (`storage.sla`). It begins in the commit of the contact (`beginning`), ends and stands by what events tell
(`hearing`), and what is due by the clock is told (`telling`). How time passes for one is `running`, which knows no database.
"""
