"""Projects with people, items and slots, as the services leave them."""

from annotation.models import Item, Membership, Project, Slot


def project(owner, *, items=0, people=(), **fields):
    values = {"name": f"project-{Project.objects.count()}", "kind": "write", "language": "en", **fields}
    made = Project.objects.create(created_by=owner, **values)
    for person in people:
        Membership.objects.create(project=made, user=person, role="annotator")
    for number in range(items):
        item(made, number)
    return made


def item(project, number=0, *, lane="work", skill="", priority=0, **fields):
    made = Item.objects.create(
        project=project,
        messages=[{"role": "user", "content": f"Instruction {number}"}],
        sha256=f"{lane}-{number}",
        lane=lane,
        skill=skill,
        priority=priority,
        **fields,
    )
    slots(made, number)
    return made


def slots(item, order=0):
    Slot.objects.bulk_create(
        Slot(
            pool=item.project,
            item=item,
            number=number + 1,
            lane=item.lane,
            skill=item.skill,
            priority=item.priority,
            ord=order,
        )
        for number in range(item.project.overlap)
    )
