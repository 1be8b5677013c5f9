using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Memory;

/// <summary>Everything of a guest processor that decides how it translates an address.</summary>
/// <remarks>Intel SDM vol 3 §4.1; AMD APM vol 2 §5.1. Protection keys and shadow stacks are not part of it, see
/// <see cref="GuestPageWalk"/>.</remarks>
/// <param name="cr0">Guest CR0.</param>
/// <param name="cr3">Guest CR3.</param>
/// <param name="cr4">Guest CR4.</param>
/// <param name="efer">Guest EFER.</param>
/// <param name="rflags">Guest RFLAGS, for AC.</param>
/// <param name="privilege">CPL, 0 to 3.</param>
/// <param name="physicalAddressBits">MAXPHYADDR of CPUID 8000_0008.EAX[7:0], 32 to 52.</param>
/// <param name="hasGibibytePages">CPUID 8000_0001.EDX[26]: 1 GiB pages exist.</param>
public readonly struct PagingState(
    Cr0 cr0, Cr3 cr3, Cr4 cr4, Efer efer, RFlags rflags, int privilege, int physicalAddressBits, bool hasGibibytePages)
{
    private const int UserPrivilege = 3;

    /// <summary>Guest CR0.</summary>
    public Cr0 Cr0 => cr0;

    /// <summary>Guest CR3.</summary>
    public Cr3 Cr3 => cr3;

    /// <summary>Guest CR4.</summary>
    public Cr4 Cr4 => cr4;

    /// <summary>Guest EFER.</summary>
    public Efer Efer => efer;

    /// <summary>RFLAGS.AC: explicit supervisor accesses pass SMAP.</summary>
    public bool AlignmentCheck => rflags.AlignmentCheck;

    /// <summary>CPL 3; CPL 0 to 2 are supervisor mode (SDM vol 3 §4.6.1).</summary>
    public bool IsUser => privilege == UserPrivilege;

    /// <summary>MAXPHYADDR: width of a physical address, 32 to 52.</summary>
    public int PhysicalAddressBits => physicalAddressBits;

    /// <summary>Bit 7 of a PDPTE in long mode means a 1 GiB page; else it is reserved.</summary>
    public bool HasGibibytePages => hasGibibytePages;

    /// <summary>How addresses are translated.</summary>
    public PagingMode Mode
    {
        get
        {
            if (!cr0.Paging)
            {
                return PagingMode.None;
            }

            if (!cr4.PhysicalAddressExtension)
            {
                return PagingMode.Legacy32;
            }

            if (!efer.LongModeActive)
            {
                return PagingMode.Pae;
            }

            return cr4.LinearAddress57 ? PagingMode.Level5 : PagingMode.Level4;
        }
    }
}
