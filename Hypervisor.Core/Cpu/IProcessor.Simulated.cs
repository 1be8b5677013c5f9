namespace Hypervisor.Core.Cpu;

/// <summary>A processor to run Core on in the ordinary build: tests plug in a simulated one.</summary>
public unsafe interface IProcessor
{
    /// <inheritdoc cref="Instructions.Cpuid"/>
    void Cpuid(uint leaf, uint subleaf, CpuidResult* result);

    /// <inheritdoc cref="Instructions.CpuidForGuest"/>
    uint CpuidForGuest(GuestRegisters* registers);

    /// <inheritdoc cref="Instructions.ReadMsr"/>
    ulong ReadMsr(uint msr);

    /// <inheritdoc cref="Instructions.WriteMsr"/>
    void WriteMsr(uint msr, ulong value);

    /// <inheritdoc cref="Instructions.TryReadMsr"/>
    uint TryReadMsr(uint msr, ulong* value);

    /// <inheritdoc cref="Instructions.TryWriteMsr"/>
    uint TryWriteMsr(uint msr, ulong value);

    /// <inheritdoc cref="Instructions.TryWriteXcr"/>
    uint TryWriteXcr(uint index, ulong value);

    /// <inheritdoc cref="Instructions.ReadCr0"/>
    ulong ReadCr0();

    /// <inheritdoc cref="Instructions.ReadCr2"/>
    ulong ReadCr2();

    /// <inheritdoc cref="Instructions.ReadCr3"/>
    ulong ReadCr3();

    /// <inheritdoc cref="Instructions.WriteCr3"/>
    void WriteCr3(ulong value);

    /// <inheritdoc cref="Instructions.ReadCr4"/>
    ulong ReadCr4();

    /// <inheritdoc cref="Instructions.WriteCr4"/>
    void WriteCr4(ulong value);

    /// <inheritdoc cref="Instructions.WriteCr2"/>
    void WriteCr2(ulong value);

    /// <inheritdoc cref="Instructions.ReadCr8"/>
    ulong ReadCr8();

    /// <inheritdoc cref="Instructions.ReadDr6"/>
    ulong ReadDr6();

    /// <inheritdoc cref="Instructions.WriteDr6"/>
    void WriteDr6(ulong value);

    /// <inheritdoc cref="Instructions.ReadDr7"/>
    ulong ReadDr7();

    /// <inheritdoc cref="Instructions.ClearDebugAddresses"/>
    void ClearDebugAddresses();

    /// <inheritdoc cref="Instructions.ReadRFlags"/>
    ulong ReadRFlags();

    /// <inheritdoc cref="Instructions.DisableInterrupts"/>
    void DisableInterrupts();

    /// <inheritdoc cref="Instructions.ReadSelector"/>
    ushort ReadSelector(SegmentName segment);

    /// <inheritdoc cref="Instructions.StoreGdt"/>
    void StoreGdt(DescriptorTableRegister* destination);

    /// <inheritdoc cref="Instructions.StoreIdt"/>
    void StoreIdt(DescriptorTableRegister* destination);

    /// <inheritdoc cref="Instructions.In8"/>
    byte In8(ushort port);

    /// <inheritdoc cref="Instructions.Out8"/>
    void Out8(ushort port, byte value);

    /// <inheritdoc cref="Instructions.In16"/>
    ushort In16(ushort port);

    /// <inheritdoc cref="Instructions.Out16"/>
    void Out16(ushort port, ushort value);

    /// <inheritdoc cref="Instructions.In32"/>
    uint In32(ushort port);

    /// <inheritdoc cref="Instructions.Out32"/>
    void Out32(ushort port, uint value);

    /// <inheritdoc cref="Instructions.ReadTimestamp"/>
    ulong ReadTimestamp();

    /// <inheritdoc cref="Instructions.Pause"/>
    void Pause();

    /// <inheritdoc cref="Instructions.Halt"/>
    void Halt();

    /// <inheritdoc cref="Instructions.WriteBackInvalidate"/>
    void WriteBackInvalidate();

    /// <inheritdoc cref="Instructions.Undefined"/>
    void Undefined();

    /// <inheritdoc cref="Instructions.OpenGlobalInterruptWindow"/>
    void OpenGlobalInterruptWindow();

    /// <inheritdoc cref="Instructions.OpenInterruptWindow"/>
    void OpenInterruptWindow();

    /// <inheritdoc cref="Instructions.OpenInterruptWindowUnderGif"/>
    void OpenInterruptWindowUnderGif();

    /// <inheritdoc cref="Instructions.VmSave"/>
    void VmSave(ulong vmcbPhysicalAddress);

    /// <inheritdoc cref="Instructions.ReadMmio32"/>
    uint ReadMmio32(ulong address);

    /// <inheritdoc cref="Instructions.WriteMmio32"/>
    void WriteMmio32(ulong address, uint value);

    /// <inheritdoc cref="Instructions.ReadMmio8"/>
    byte ReadMmio8(ulong address);

    /// <inheritdoc cref="Instructions.ReadMmio16"/>
    ushort ReadMmio16(ulong address);

    /// <inheritdoc cref="Instructions.ReadMmio64"/>
    ulong ReadMmio64(ulong address);

    /// <inheritdoc cref="Instructions.WriteMmio8"/>
    void WriteMmio8(ulong address, byte value);

    /// <inheritdoc cref="Instructions.WriteMmio16"/>
    void WriteMmio16(ulong address, ushort value);

    /// <inheritdoc cref="Instructions.WriteMmio64"/>
    void WriteMmio64(ulong address, ulong value);

    /// <inheritdoc cref="Instructions.XtsEncrypt"/>
    void XtsEncrypt(void* schedule, byte* data, ulong blocks, byte* tweak);

    /// <inheritdoc cref="Instructions.XtsDecrypt"/>
    void XtsDecrypt(void* schedule, byte* data, ulong blocks, byte* tweak);

    /// <inheritdoc cref="Instructions.CallContained"/>
    uint CallContained(delegate*<void*, void> function, void* argument, ulong* mark);

    /// <inheritdoc cref="Instructions.EndContained"/>
    void EndContained(ulong mark);

    /// <inheritdoc cref="Instructions.TryRead64"/>
    uint TryRead64(ulong address, ulong* value);

    /// <inheritdoc cref="Instructions.CompareExchange"/>
    uint CompareExchange(uint* location, uint value, uint comparand);

    /// <inheritdoc cref="Instructions.Exchange"/>
    uint Exchange(uint* location, uint value);

    /// <inheritdoc cref="Instructions.ExchangeAdd"/>
    uint ExchangeAdd(uint* location, uint value);

    /// <inheritdoc cref="Instructions.Hypercall"/>
    void Hypercall(ulong signature, ulong function, uint vmcall);

    /// <inheritdoc cref="Instructions.CallResident"/>
    uint CallResident(ulong launch, void* parameters);

    /// <inheritdoc cref="Instructions.SvmLaunch"/>
    void SvmLaunch(void* processor, void* vmcb, ulong rip, ulong rsp);

    /// <inheritdoc cref="Instructions.SvmRun"/>
    void SvmRun(void* processor);

    /// <inheritdoc cref="Instructions.TryVmxOn"/>
    uint TryVmxOn(ulong* region);

    /// <inheritdoc cref="Instructions.ReadXcr0"/>
    ulong ReadXcr0();

    /// <inheritdoc cref="Instructions.StoreVector"/>
    void StoreVector(uint number, void* value);

    /// <inheritdoc cref="Instructions.LoadVector"/>
    void LoadVector(uint number, void* value);

    /// <inheritdoc cref="Instructions.StoreVectorHigh"/>
    void StoreVectorHigh(uint number, void* value);

    /// <inheritdoc cref="Instructions.LoadVectorHigh"/>
    void LoadVectorHigh(uint number, void* value);

    /// <inheritdoc cref="Instructions.VmxOff"/>
    void VmxOff();

    /// <inheritdoc cref="Instructions.VmClear"/>
    uint VmClear(ulong* vmcs);

    /// <inheritdoc cref="Instructions.VmPtrLoad"/>
    uint VmPtrLoad(ulong* vmcs);

    /// <inheritdoc cref="Instructions.VmRead"/>
    ulong VmRead(uint field);

    /// <inheritdoc cref="Instructions.TryVmRead"/>
    uint TryVmRead(uint field, ulong* value);

    /// <inheritdoc cref="Instructions.VmWrite"/>
    void VmWrite(uint field, ulong value);

    /// <inheritdoc cref="Instructions.InvalidateEpt"/>
    void InvalidateEpt(uint kind, ulong pointer);

    /// <inheritdoc cref="Instructions.InvalidateVpid"/>
    void InvalidateVpid(uint kind, ushort vpid);

    /// <inheritdoc cref="Instructions.VmxLaunch"/>
    void VmxLaunch();

    /// <inheritdoc cref="Instructions.UnblockNmis"/>
    void UnblockNmis();

    /// <inheritdoc cref="Instructions.VmxExitPoint"/>
    ulong VmxExitPoint();

    /// <inheritdoc cref="Instructions.VmxRun"/>
    void VmxRun(void* processor);

    /// <inheritdoc cref="Instructions.ExceptionEntries"/>
    ulong ExceptionEntries();

    /// <inheritdoc cref="Instructions.FaultableRange"/>
    void FaultableRange(ulong* begin, ulong* end);

    /// <inheritdoc cref="Instructions.TrampolineCode"/>
    void TrampolineCode(ulong* code16, ulong* code64, ulong* entry);
}
