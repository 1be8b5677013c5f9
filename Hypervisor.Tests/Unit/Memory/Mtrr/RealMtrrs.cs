using System.Linq;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Memory.Mtrr;

/// <summary>Registers as firmware left them on real machines, from the logs that their owners published.</summary>
internal static class RealMtrrs
{
    private const byte Uc = MtrrSet.Uc;
    private const byte Wc = MtrrSet.Wc;
    private const byte Wt = MtrrSet.Wt;
    private const byte Wp = MtrrSet.Wp;
    private const byte Wb = MtrrSet.Wb;
    private const ulong On = MtrrSet.Enabled | MtrrSet.FixedEnabled;

    internal static readonly MtrrSet[] All =
    [
        // github.com/linux-surface/linux-surface issue 398.
        new("laptop, 16 GiB, 39 bits", 39, On | Wb, MtrrSet.UsualFixed(),
            [
                MtrrSet.Range(0x00_C000_0000, 0x7F_C000_0000, Uc), MtrrSet.Range(0x00_A000_0000, 0x7F_E000_0000, Uc),
                MtrrSet.Range(0x00_9800_0000, 0x7F_F800_0000, Uc), MtrrSet.Range(0x00_9400_0000, 0x7F_FC00_0000, Uc),
                MtrrSet.Range(0x00_9200_0000, 0x7F_FE00_0000, Uc), MtrrSet.Range(0x00_9100_0000, 0x7F_FF00_0000, Uc),
                MtrrSet.Range(0x40_0000_0000, 0x40_0000_0000, Uc), (0, 0), (0, 0), (0, 0),
            ]),

        // github.com/CRZ-Technology/OpenSSD-OpenChannelSSD issue 2.
        new("workstation, 12 GiB, 36 bits", 36, On | Uc,
            [.. Enumerable.Repeat(Wb, 16), .. Enumerable.Repeat(Uc, 8), .. Enumerable.Repeat(Wp, 16), .. Enumerable.Repeat(Uc, 16), .. Enumerable.Repeat(Wp, 32)],
            [
                MtrrSet.Range(0x0_0000_0000, 0xE_0000_0000, Wb), MtrrSet.Range(0x2_0000_0000, 0xF_0000_0000, Wb),
                MtrrSet.Range(0x3_0000_0000, 0xF_F000_0000, Wb), MtrrSet.Range(0x3_1000_0000, 0xF_F800_0000, Wb),
                MtrrSet.Range(0x3_1800_0000, 0xF_FC00_0000, Wb), MtrrSet.Range(0x3_1C00_0000, 0xF_FE00_0000, Wb),
                MtrrSet.Range(0x3_1E00_0000, 0xF_FF00_0000, Wb), MtrrSet.Range(0x0_E000_0000, 0xF_E000_0000, Uc), (0, 0), (0, 0),
            ]),

        // github.com/zfsonlinux/mountall issue 7.
        new("server, 16 GiB, 36 bits", 36, On | Uc,
            [.. Enumerable.Repeat(Wb, 16), .. Enumerable.Repeat(Uc, 8), .. Enumerable.Repeat(Wp, 20), .. Enumerable.Repeat(Uc, 20), .. Enumerable.Repeat(Wp, 24)],
            [
                MtrrSet.Range(0x0_0000_0000, 0xC_0000_0000, Wb), MtrrSet.Range(0x4_0000_0000, 0xF_F000_0000, Wb),
                MtrrSet.Range(0x4_1000_0000, 0xF_F800_0000, Wb), MtrrSet.Range(0x4_1800_0000, 0xF_FC00_0000, Wb),
                MtrrSet.Range(0x4_1C00_0000, 0xF_FE00_0000, Wb), MtrrSet.Range(0x4_1E00_0000, 0xF_FF00_0000, Wb),
                MtrrSet.Range(0x0_E000_0000, 0xF_E000_0000, Uc), (0, 0), (0, 0), (0, 0),
            ]),

        // github.com/b-rad-NDi/Ubuntu-media-tree-kernel-builder issue 129.
        new("board, 8 GiB, 48 bits", 48, On | Uc, MtrrSet.UsualFixed(),
            [
                MtrrSet.Range(0, 0xFFFF_8000_0000, Wb), MtrrSet.Range(0x8000_0000, 0xFFFF_F000_0000, Wb),
                MtrrSet.Range(0x8F80_0000, 0xFFFF_FF80_0000, Uc), (0, 0), (0, 0), (0, 0), (0, 0), (0, 0),
            ]),

        // An HPE server's dmesg (bugs.debian.org attachment): write-protected flash, 64 GiB above 4 GiB by TOM2.
        new("server, 64 GiB, 48 bits", 48, On | Uc, MtrrSet.UsualFixed(Uc),
            [
                MtrrSet.Range(0, 0xFFFF_8000_0000, Wb), MtrrSet.Range(0xE400_0000, 0xFFFF_FC00_0000, Wp),
                MtrrSet.Range(0x7800_0000, 0xFFFF_F800_0000, Uc), (0, 0), (0, 0), (0, 0), (0, 0), MtrrSet.Range(0xFF00_0000, 0xFFFF_FF00_0000, Wp),
            ]),

        // SeaBIOS under QEMU and KVM, as many kernel logs show it.
        new("QEMU with SeaBIOS, 40 bits", 40, On | Wb, MtrrSet.UsualFixed(),
            [MtrrSet.Range(0x00_8000_0000, 0xFF_8000_0000, Uc), (0, 0), (0, 0), (0, 0), (0, 0), (0, 0), (0, 0), (0, 0)]),

        // github.com/slimbootloader/slimbootloader issue 1061: 256 MiB.
        new("QEMU with Slim Bootloader, 40 bits", 40, On | Uc, MtrrSet.UsualFixed(Wb),
            [MtrrSet.Range(0, 0xFF_F000_0000, Wb), MtrrSet.Range(0x0F00_0000, 0xFF_FF00_0000, Uc), (0, 0), (0, 0), (0, 0), (0, 0), (0, 0), (0, 0)]),

        // bios/rombios32.c of Bochs, setup_mtrr.
        new("Bochs, 40 bits", 40, On | Wb, MtrrSet.UsualFixed(Uc),
            [MtrrSet.Range(0xC000_0000, 0xFF_C000_0000, Uc), (0, 0), (0, 0), (0, 0), (0, 0), (0, 0), (0, 0), (0, 0)]),

        // An ASUS UL80 laptop's dmesg (bugs.launchpad.net attachment): 4 GiB.
        new("laptop, 4 GiB, 36 bits", 36, On | Uc,
            [
                .. Enumerable.Repeat(Wb, 16), .. Enumerable.Repeat(Uc, 8), .. Enumerable.Repeat(Wp, 16), .. Enumerable.Repeat(Uc, 16), .. Enumerable.Repeat(Wt, 16),
                .. Enumerable.Repeat(Wp, 16),
            ],
            [
                MtrrSet.Range(0x0_0000_0000, 0xF_0000_0000, Wb), MtrrSet.Range(0x1_0000_0000, 0xF_C000_0000, Wb),
                MtrrSet.Range(0x0_C000_0000, 0xF_C000_0000, Uc), MtrrSet.Range(0x0_B7E0_0000, 0xF_FFE0_0000, Uc),
                MtrrSet.Range(0x0_B800_0000, 0xF_F800_0000, Uc), (0, 0), (0, 0), (0, 0),
            ]),

        // An Atom 330 board's dmesg (bugs.launchpad.net attachment). Read with 36 bits, its mask has a hole at the top: what it covers repeats every 4 GiB.
        new("board, 512 MiB, mask of 32 bits", 36, On | Uc, MtrrSet.UsualFixed(),
            [MtrrSet.Range(0, 0xC000_0000, Wb), (0, 0), (0, 0), (0, 0), (0, 0), (0, 0), (0, 0), (0, 0)]),

        // github.com/Dasharo/coreboot pull request 402, up to the fifth register.
        new("M900 Tiny with coreboot, 39 bits", 39, On | Uc, [.. Enumerable.Repeat(Wb, 16), .. Enumerable.Repeat(Uc, 8), .. Enumerable.Repeat(Wb, 64)],
            [
                MtrrSet.Range(0, 0x7F_8000_0000, Wb), MtrrSet.Range(0x7B00_0000, 0x7F_FF00_0000, Uc), MtrrSet.Range(0x7C00_0000, 0x7F_FC00_0000, Uc),
                MtrrSet.Range(0x8000_0000, 0x7F_F000_0000, Wc), MtrrSet.Range(0x1_0000_0000, 0x7F_0000_0000, Wb), (0, 0), (0, 0), (0, 0), (0, 0), (0, 0),
            ]),

        // github.com/intel/gvt-linux issue 84.
        new("Atom E3930, 4 GiB, 39 bits", 39, On | Uc, MtrrSet.UsualFixed(),
            [
                MtrrSet.Range(0, 0x7F_8000_0000, Wb), MtrrSet.Range(0x7C00_0000, 0x7F_FC00_0000, Uc), MtrrSet.Range(0x7B00_0000, 0x7F_FF00_0000, Uc),
                MtrrSet.Range(0x1_0000_0000, 0x7F_8000_0000, Wb), MtrrSet.Range(0xFF00_0000, 0x7F_FF00_0000, Wc), (0, 0), (0, 0), (0, 0), (0, 0), (0, 0),
            ]),

        // A kernel log with a write-through range for a flash chip.
        new("board, 2 GiB, write-through flash", 36, On | Uc,
            [.. Enumerable.Repeat(Wb, 16), .. Enumerable.Repeat(Uc, 8), .. Enumerable.Repeat(Wp, 16), .. Enumerable.Repeat(Uc, 32), .. Enumerable.Repeat(Wp, 16)],
            [MtrrSet.Range(0, 0xF_8000_0000, Wb), MtrrSet.Range(0xFEDA_0000, 0xF_FFFE_0000, Wt), (0, 0), (0, 0), (0, 0), (0, 0), (0, 0), (0, 0)]),
    ];

    /// <summary>Names, for theories.</summary>
    public static TheoryData<string> Names() => [.. All.Select(set => set.Name)];

    internal static MtrrSet Of(string name) => All.Single(set => set.Name == name);
}
