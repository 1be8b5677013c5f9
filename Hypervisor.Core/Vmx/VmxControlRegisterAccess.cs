namespace Hypervisor.Core.Vmx;

/// <summary>Exit qualification of control-register accesses.</summary>
/// <remarks>Intel SDM vol 3 §27.2.1, table 27-3.</remarks>
/// <param name="value">The exit qualification.</param>
public readonly struct VmxControlRegisterAccess(ulong value)
{
    private const ulong RegisterMask = 0xF;
    private const int KindShift = 4;
    private const int OperandShift = 8;

    /// <summary>What the instruction was.</summary>
    public enum AccessKind
    {
        /// <summary>MOV to the control register.</summary>
        MoveTo,

        /// <summary>MOV from the control register.</summary>
        MoveFrom,

        /// <summary>CLTS.</summary>
        Clts,

        /// <summary>LMSW.</summary>
        Lmsw,
    }

    /// <summary>Number of the control register.</summary>
    public int Register => (int)(value & RegisterMask);

    /// <summary>What the instruction was.</summary>
    public AccessKind Kind => (AccessKind)((value >> KindShift) & 3);

    /// <summary>Number of the general register, as instruction encodings count them.</summary>
    public int Operand => (int)((value >> OperandShift) & RegisterMask);
}
