using Hypervisor.Tests.Emulators;
using Xunit;

namespace Hypervisor.Tests.Unit.Tool;

/// <summary>The comparison of memory maps, on which the tests with guests rely.</summary>
public sealed class MemoryMapTests
{
    private static readonly MemoryMap _map = MemoryMap.FromE820(
    [
        "<6>[    0.000000] BIOS-e820: [mem 0x0000000000000000-0x0000000000009fff] usable",
        "<6>[    0.000000] BIOS-e820: [mem 0x0000000000010000-0x000000000001ffff] ACPI NVS",
        "<6>[    0.000000] something else",
    ]);

    [Fact]
    public void A_map_does_not_differ_from_itself()
    {
        Assert.Equal(2, _map.Count);
        Assert.Empty(_map.DifferencesFrom(_map));
    }

    [Fact]
    public void A_range_taken_out_of_another_is_one_difference()
    {
        MemoryMap now = MemoryMap.FromE820(
        [
            "BIOS-e820: [mem 0x0000000000000000-0x0000000000003fff] usable",
            "BIOS-e820: [mem 0x0000000000004000-0x0000000000005fff] reserved",
            "BIOS-e820: [mem 0x0000000000006000-0x0000000000007fff] reserved",
            "BIOS-e820: [mem 0x0000000000008000-0x0000000000009fff] usable",
            "BIOS-e820: [mem 0x0000000000010000-0x000000000001ffff] ACPI NVS",
        ]);
        Assert.Equal([(0x4000UL, 0x7FFFUL, "usable", "reserved")], now.DifferencesFrom(_map));
    }

    [Fact]
    public void A_range_that_is_gone_and_one_that_changed_are_found()
    {
        MemoryMap now = MemoryMap.FromE820(["BIOS-e820: [mem 0x0000000000000000-0x0000000000009fff] ACPI data"]);
        Assert.Equal(
            [(0UL, 0x9FFFUL, "usable", "ACPI data"), (0x10000UL, 0x1FFFFUL, "ACPI NVS", "nothing")], now.DifferencesFrom(_map));
    }

    [Fact]
    public void The_firmwares_map_ends_where_the_kernels_list_of_runtime_memory_begins()
    {
        MemoryMap map = MemoryMap.FromEfi(
        [
            "efi: mem00: [Conventional|   |  |  |WB|WT|WC|UC] range=[0x0000000000000000-0x0000000000000fff] (0MB)",
            "efi: mem01: [Boot Data   |   |  |  |WB|WT|WC|UC] range=[0x0000000000001000-0x0000000000001fff] (0MB)",
            "efi: mem02: [Runtime Data|RUN|  |  |WB|WT|WC|UC] range=[0x0000000000002000-0x0000000000002fff] (0MB)",
            "efi: mem00: [Boot Data   |RUN|  |  |WB|WT|WC|UC] range=[0x0000000000001000-0x0000000000001fff] (0MB)",
        ]);
        MemoryMap freed = MemoryMap.FromEfi(
        [
            "efi: mem00: [Conventional|   |  |  |WB|WT|WC|UC] range=[0x0000000000000000-0x0000000000001fff] (0MB)",
            "efi: mem01: [Runtime Data|RUN|  |  |WB|WT|WC|UC] range=[0x0000000000002000-0x0000000000002fff] (0MB)",
        ]);
        Assert.Equal(3, map.Count);
        Assert.Empty(map.DifferencesFrom(freed));
    }
}
