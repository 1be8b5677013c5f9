namespace Hypervisor.Core.Cpu;

/// <summary>The flags register.</summary>
/// <remarks>Intel SDM vol 1 §3.4.3; AMD APM vol 2 §3.1.6.</remarks>
/// <param name="value">The register as the processor holds it.</param>
public readonly struct RFlags(ulong value)
{
    private const ulong CarryBit = 1UL << 0;
    private const ulong FixedBit = 1UL << 1;
    private const ulong ParityBit = 1UL << 2;
    private const ulong AuxiliaryCarryBit = 1UL << 4;
    private const ulong ZeroBit = 1UL << 6;
    private const ulong SignBit = 1UL << 7;
    private const ulong TrapBit = 1UL << 8;
    private const ulong InterruptEnableBit = 1UL << 9;
    private const ulong DirectionBit = 1UL << 10;
    private const ulong OverflowBit = 1UL << 11;
    private const ulong NestedTaskBit = 1UL << 14;
    private const ulong ResumeBit = 1UL << 16;
    private const ulong Virtual8086Bit = 1UL << 17;
    private const ulong AlignmentCheckBit = 1UL << 18;
    private const ulong VirtualInterruptBit = 1UL << 19;
    private const ulong VirtualInterruptPendingBit = 1UL << 20;
    private const ulong IdentificationBit = 1UL << 21;
    private const ulong StatusBits = CarryBit | ParityBit | AuxiliaryCarryBit | ZeroBit | SignBit | OverflowBit;
    private const ulong DefinedBits = 0x003F_7FD5;

    /// <summary>The register as the processor holds it, all 64 bits.</summary>
    public ulong Value => value;

    /// <summary>Bit 0, CF: carry.</summary>
    public bool Carry => (value & CarryBit) != 0;

    /// <summary>Bit 1, always 1.</summary>
    public bool Fixed => (value & FixedBit) != 0;

    /// <summary>Bit 2, PF: parity of the low byte.</summary>
    public bool Parity => (value & ParityBit) != 0;

    /// <summary>Bit 4, AF: carry out of bit 3.</summary>
    public bool AuxiliaryCarry => (value & AuxiliaryCarryBit) != 0;

    /// <summary>Bit 6, ZF: the result is zero.</summary>
    public bool Zero => (value & ZeroBit) != 0;

    /// <summary>Bit 7, SF: the sign of the result.</summary>
    public bool Sign => (value & SignBit) != 0;

    /// <summary>Bit 8, TF: #DB after each instruction.</summary>
    public bool Trap => (value & TrapBit) != 0;

    /// <summary>Bit 9, IF: maskable interrupts are taken.</summary>
    public bool InterruptEnable => (value & InterruptEnableBit) != 0;

    /// <summary>Bit 10, DF: string instructions count down.</summary>
    public bool Direction => (value & DirectionBit) != 0;

    /// <summary>Bit 11, OF: signed overflow.</summary>
    public bool Overflow => (value & OverflowBit) != 0;

    /// <summary>Bit 14, NT: IRET would return to the previous task.</summary>
    public bool NestedTask => (value & NestedTaskBit) != 0;

    /// <summary>Bit 16, RF: instruction breakpoints are ignored for one instruction.</summary>
    public bool Resume => (value & ResumeBit) != 0;

    /// <summary>TF or RF is set: the end of an instruction is more than the next address.</summary>
    public bool HasTrapOrResume() => (value & (TrapBit | ResumeBit)) != 0;

    /// <summary>Bit 17, VM: virtual-8086 mode.</summary>
    public bool Virtual8086 => (value & Virtual8086Bit) != 0;

    /// <summary>Bit 18, AC: alignment checks at CPL 3; lets a supervisor pass SMAP.</summary>
    public bool AlignmentCheck => (value & AlignmentCheckBit) != 0;

    /// <summary>Bit 19, VIF: virtual interrupt flag.</summary>
    public bool VirtualInterrupt => (value & VirtualInterruptBit) != 0;

    /// <summary>Bit 20, VIP: a virtual interrupt is pending.</summary>
    public bool VirtualInterruptPending => (value & VirtualInterruptPendingBit) != 0;

    /// <summary>Bit 21, ID: CPUID exists when it can be toggled.</summary>
    public bool Identification => (value & IdentificationBit) != 0;

    /// <summary>The same register with <see cref="Trap"/> (bit 8) set or cleared.</summary>
    /// <param name="set">True for 1, false for 0.</param>
    /// <returns>The changed copy.</returns>
    public RFlags WithTrap(bool set) => new(set ? value | TrapBit : value & ~TrapBit);

    /// <summary>The same register with <see cref="InterruptEnable"/> (bit 9) set or cleared.</summary>
    /// <param name="set">True for 1, false for 0.</param>
    /// <returns>The changed copy.</returns>
    public RFlags WithInterruptEnable(bool set) => new(set ? value | InterruptEnableBit : value & ~InterruptEnableBit);

    /// <summary>The same register with <see cref="NestedTask"/> (bit 14) set or cleared.</summary>
    /// <param name="set">True for 1, false for 0.</param>
    /// <returns>The changed copy.</returns>
    public RFlags WithNestedTask(bool set) => new(set ? value | NestedTaskBit : value & ~NestedTaskBit);

    /// <summary>The same register with the bits that are always 0 cleared, and the one that is always 1 set.</summary>
    public RFlags WithFixedBits => new((value & DefinedBits) | FixedBit);

    /// <summary>The same register with <see cref="Resume"/> (bit 16) set or cleared.</summary>
    /// <param name="set">True for 1, false for 0.</param>
    /// <returns>The changed copy.</returns>
    public RFlags WithResume(bool set) => new(set ? value | ResumeBit : value & ~ResumeBit);

    /// <summary>The same register with <see cref="Carry"/> (bit 0) set or cleared.</summary>
    /// <param name="set">True for 1, false for 0.</param>
    /// <returns>The changed copy.</returns>
    public RFlags WithCarry(bool set) => new(set ? value | CarryBit : value & ~CarryBit);

    /// <summary>The same register with <see cref="Zero"/> (bit 6) set or cleared.</summary>
    /// <param name="set">True for 1, false for 0.</param>
    /// <returns>The changed copy.</returns>
    public RFlags WithZero(bool set) => new(set ? value | ZeroBit : value & ~ZeroBit);

    /// <summary>The same register with <see cref="AlignmentCheck"/> (bit 18) set or cleared.</summary>
    /// <param name="set">True for 1, false for 0.</param>
    /// <returns>The changed copy.</returns>
    public RFlags WithAlignmentCheck(bool set) => new(set ? value | AlignmentCheckBit : value & ~AlignmentCheckBit);

    /// <summary>The same register with all six status flags as given.</summary>
    /// <param name="carry">CF.</param>
    /// <param name="parity">PF.</param>
    /// <param name="auxiliaryCarry">AF.</param>
    /// <param name="zero">ZF.</param>
    /// <param name="sign">SF.</param>
    /// <param name="overflow">OF.</param>
    /// <returns>The changed copy.</returns>
    public RFlags WithStatus(bool carry, bool parity, bool auxiliaryCarry, bool zero, bool sign, bool overflow) => new(
        (value & ~StatusBits)
        | (carry ? CarryBit : 0)
        | (parity ? ParityBit : 0)
        | (auxiliaryCarry ? AuxiliaryCarryBit : 0)
        | (zero ? ZeroBit : 0)
        | (sign ? SignBit : 0)
        | (overflow ? OverflowBit : 0));

    /// <summary>The same register with <see cref="Carry"/> and <see cref="Overflow"/> as given.</summary>
    /// <param name="carry">CF.</param>
    /// <param name="overflow">OF.</param>
    /// <returns>The changed copy.</returns>
    public RFlags WithCarryAndOverflow(bool carry, bool overflow) =>
        new((value & ~(CarryBit | OverflowBit)) | (carry ? CarryBit : 0) | (overflow ? OverflowBit : 0));

    /// <summary>Bits 13:12, IOPL: the least privilege (0 to 3) that may do port I/O.</summary>
    public int IoPrivilegeLevel => (int)(value >> 12) & 3;
}
