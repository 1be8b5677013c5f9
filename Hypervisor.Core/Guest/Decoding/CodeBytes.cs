namespace Hypervisor.Core.Guest.Decoding;

/// <summary>Room for the bytes of one instruction.</summary>
public unsafe struct CodeBytes
{
    /// <summary>The bytes; one more than the longest instruction, to keep the size even.</summary>
    public fixed byte Bytes[InstructionLayout.MaximumLength + 1];
}
