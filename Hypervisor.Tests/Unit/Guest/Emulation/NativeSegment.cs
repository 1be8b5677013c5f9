using Hypervisor.Core.Cpu;

namespace Hypervisor.Tests.Unit.Guest.Emulation;

/// <summary>A segment that the program puts into its local descriptor table; the emulated machine has the same.</summary>
/// <param name="Base">First byte.</param>
/// <param name="Limit">Limit in bytes, or in pages.</param>
/// <param name="Kind">0 data, 1 data that grows down, 2 code.</param>
/// <param name="Wide">D or B.</param>
/// <param name="Restricted">Read-only data, or code that can only be executed.</param>
/// <param name="InPages">The limit counts pages.</param>
internal sealed record NativeSegment(uint Base, uint Limit, int Kind, bool Wide, bool Restricted = false, bool InPages = false)
{
    internal const int LocalPrivilege3 = 7;
    internal const ushort FlatData = 0x2B;
    internal const ushort Code32 = 0x23;
    internal const ushort Code64 = 0x33;

    private const int Writable = 2;
    private const int Accessed = 1;
    private const int GrowsDown = 4;
    private const int CodeType = 8;

    /// <summary>The table, by number.</summary>
    internal static NativeSegment[] All { get; } =
    [
        new((uint)NativeLayout.Code, 0xFFFF, 2, Wide: false),
        new(0, 0xF_FFFF, 0, Wide: true, InPages: true),
        new((uint)NativeLayout.FirstPages, 0xFFFF, 0, Wide: false),
        new((uint)NativeLayout.FirstPages, 0x1037, 0, Wide: true),
        new((uint)NativeLayout.FirstPages, 0xFFFF, 0, Wide: true, Restricted: true),
        new((uint)NativeLayout.FirstPages, 0x0FCF, 1, Wide: true),
        new((uint)NativeLayout.FirstPages, 0x0FCF, 1, Wide: false),
        new((uint)NativeLayout.SecondPages, 0xFFFF, 0, Wide: false),
        new((uint)NativeLayout.SecondPages, 0xFFFF, 0, Wide: true),
        new((uint)NativeLayout.FirstPages, 0xFFFF, 2, Wide: true),
        new((uint)NativeLayout.FirstPages - 0x1000, 0x10_0000, 0, Wide: false, InPages: true),
    ];

    internal static ushort Selector(int number) => (ushort)((number << 3) | LocalPrivilege3);

    /// <summary>The four words that modify_ldt takes.</summary>
    internal uint[] Description(int number) =>
        [(uint)number, Base, Limit, (Wide ? 1u : 0) | ((uint)Kind << 1) | (Restricted ? 8u : 0) | (InPages ? 16u : 0) | 64u];

    /// <summary>The segment register that has loaded it.</summary>
    internal static SegmentState State(ushort selector)
    {
        if (selector == FlatData)
        {
            return new SegmentState(new SegmentSelector(selector), 0, uint.MaxValue, new SegmentAttributes(0xCF3));
        }

        if (selector <= 3)
        {
            return new SegmentState(new SegmentSelector(selector), 0, 0, default);
        }

        NativeSegment segment = All[selector >> 3];
        int type = segment.Kind switch
        {
            0 => segment.Restricted ? Accessed : Writable | Accessed,
            1 => segment.Restricted ? GrowsDown | Accessed : GrowsDown | Writable | Accessed,
            _ => segment.Restricted ? CodeType | Accessed : CodeType | Writable | Accessed,
        };
        int attributes = 0xF0 | type | (segment.Wide ? 1 << 10 : 0) | (segment.InPages ? 1 << 11 : 0);
        uint limit = segment.InPages ? (segment.Limit << 12) | 0xFFF : segment.Limit;
        return new SegmentState(new SegmentSelector(selector), segment.Base, limit, new SegmentAttributes((ushort)attributes));
    }
}
