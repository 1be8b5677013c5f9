using Hypervisor.Core.Cpu;

namespace Hypervisor.Guests.Probe.Execution;

/// <summary>
/// A view of the snippets' code and stack that privilege 3 may use: the firmware's page tables with one more entry in the top table
/// (AMD APM vol 2 §5.3). Only four-level paging; the firmware's own entries are shared, not copied.
/// </summary>
public static unsafe class UserSpace
{
    private const int TopIndex = 0x100;
    private const int EntriesPerTable = 512;
    private const int Tables = 4;
    private const ulong UserEntry = 7; // present, writable, user
    private const ulong AddressMask = 0x000F_FFFF_FFFF_F000;
    private const ulong Base = 0xFFFF_8000_0000_0000;

    private static ulong s_firmwareCr3;
    private static byte* s_tables;

    /// <summary>Builds the tables; false if there is no memory.</summary>
    public static bool Open()
    {
        s_tables = ProbeMemory.Allocate(Tables);
        return s_tables != null;
    }

    /// <summary>Switches to the tables.</summary>
    public static void Enter()
    {
        s_firmwareCr3 = Instructions.ReadCr3();
        ulong* top = (ulong*)s_tables;
        ulong* firmware = (ulong*)(s_firmwareCr3 & AddressMask);
        for (int i = 0; i < EntriesPerTable; i++)
        {
            top[i] = firmware[i];
        }

        ulong* pointers = top + EntriesPerTable;
        ulong* directory = pointers + EntriesPerTable;
        ulong* pages = directory + EntriesPerTable;
        top[TopIndex] = (ulong)pointers | UserEntry;
        pointers[0] = (ulong)directory | UserEntry;
        directory[0] = (ulong)pages | UserEntry;
        Map(pages, Runner.Code, 0);
        Map(pages, Runner.Code + ProbeMemory.PageSize, 1);
        Map(pages, Runner.Stack, 2);
        Map(pages, Runner.Stack + ProbeMemory.PageSize, 3);
        Stubs.WriteCr3((ulong)s_tables);
    }

    /// <summary>Back to the firmware's tables.</summary>
    public static void Leave() => Stubs.WriteCr3(s_firmwareCr3);

    /// <summary>Where privilege 3 sees an address of the code or the stack.</summary>
    public static ulong Translate(ulong address)
    {
        ulong code = (ulong)Runner.Code;
        return address - code < 2 * ProbeMemory.PageSize
            ? Base + (address - code)
            : Base + (2 * ProbeMemory.PageSize) + (address - (ulong)Runner.Stack);
    }

    private static void Map(ulong* pages, byte* page, int index) => pages[index] = (ulong)page | UserEntry;
}
