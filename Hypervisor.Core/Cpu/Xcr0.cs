namespace Hypervisor.Core.Cpu;

/// <summary>Extended control register 0: the state components that XSAVE and the instructions may use.</summary>
/// <remarks>Intel SDM vol 1 §13.3; AMD APM vol 2 §11.5.2.</remarks>
/// <param name="value">The register as the processor holds it.</param>
public readonly struct Xcr0(ulong value)
{
    private const uint StateLeaf = 0xD;
    private const ulong X87Bit = 1UL << 0;
    private const ulong SseBit = 1UL << 1;
    private const ulong AvxBit = 1UL << 2;
    private const ulong BoundRegistersBit = 1UL << 3;
    private const ulong BoundConfigurationBit = 1UL << 4;
    private const ulong OpMaskBit = 1UL << 5;
    private const ulong ZmmUpperBit = 1UL << 6;
    private const ulong ZmmHigh16Bit = 1UL << 7;
    private const ulong ProtectionKeysBit = 1UL << 9;
    private const ulong TileConfigurationBit = 1UL << 17;
    private const ulong TileDataBit = 1UL << 18;
    private const ulong ExtendedRegistersBit = 1UL << 19;

    /// <summary>The register as the processor holds it, all 64 bits.</summary>
    public ulong Value => value;

    /// <summary>Bit 0, x87 state. Always 1.</summary>
    public bool X87 => (value & X87Bit) != 0;

    /// <summary>Bit 1, XMM registers and MXCSR.</summary>
    public bool Sse => (value & SseBit) != 0;

    /// <summary>Bit 2, upper halves of YMM0 to YMM15.</summary>
    public bool Avx => (value & AvxBit) != 0;

    /// <summary>Bit 3, MPX bound registers.</summary>
    public bool BoundRegisters => (value & BoundRegistersBit) != 0;

    /// <summary>Bit 4, MPX configuration and status.</summary>
    public bool BoundConfiguration => (value & BoundConfigurationBit) != 0;

    /// <summary>Bit 5, AVX-512 mask registers.</summary>
    public bool OpMask => (value & OpMaskBit) != 0;

    /// <summary>Bit 6, AVX-512 upper halves of ZMM0 to ZMM15.</summary>
    public bool ZmmUpper => (value & ZmmUpperBit) != 0;

    /// <summary>Bit 7, AVX-512 ZMM16 to ZMM31.</summary>
    public bool ZmmHigh16 => (value & ZmmHigh16Bit) != 0;

    /// <summary>Bit 9, PKRU.</summary>
    public bool ProtectionKeys => (value & ProtectionKeysBit) != 0;

    /// <summary>Bit 17, AMX tile configuration.</summary>
    public bool TileConfiguration => (value & TileConfigurationBit) != 0;

    /// <summary>Bit 18, AMX tile data.</summary>
    public bool TileData => (value & TileDataBit) != 0;

    /// <summary>Bit 19, APX registers R16 to R31.</summary>
    public bool ExtendedRegisters => (value & ExtendedRegistersBit) != 0;

    /// <summary>The bits that exist on the executing processor (CPUID leaf 0Dh, subleaf 0: EDX:EAX); none where it has no XSAVE.</summary>
    public static unsafe Xcr0 Supported
    {
        get
        {
            CpuidResult result;
            Instructions.Cpuid(0, 0, &result);
            if (result.Eax < StateLeaf)
            {
                return default;
            }

            Instructions.Cpuid(StateLeaf, 0, &result);
            return new Xcr0(((ulong)result.Edx << 32) | result.Eax);
        }
    }

    /// <summary>Every bit set here is set there too.</summary>
    /// <param name="other">The larger set, such as what CPUID leaf 0Dh reports.</param>
    /// <returns>True where nothing is left over.</returns>
    public bool IsSubsetOf(Xcr0 other) => (value & ~other.Value) == 0;
}
