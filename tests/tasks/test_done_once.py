from foretoken.tasks.identity import ENTRIES, ByIdentity


def test_work_on_an_object_is_done_once_and_never_taken_for_another_objects() -> None:
    lengths: list[int] = []

    def total(numbers: list[int]) -> int:
        lengths.append(len(numbers))
        return sum(numbers)

    remembered = ByIdentity(total)
    one = [1, 2]
    assert [remembered(one), remembered(one), remembered([1, 2])] == [3, 3, 3]
    assert lengths == [2, 2]
    for number in range(2 * ENTRIES):  # each list dies at once: its place in memory is used again
        assert remembered([number]) == number
    assert remembered(one) == 3
